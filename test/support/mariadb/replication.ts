/** A MariaDB server. */
export interface Server {
  /** What it answers, a row a line. Throws what it says where it refuses. */
  readonly ask: (sql: string) => Promise<string>;
}

/** Two servers, of which one follows the other. */
export interface Pair {
  readonly primary: Server;
  readonly replica: Server;
}

/** Starts replication by GTID, over the servers' own addresses, of a table that is made. */
export async function replicate(
  { primary, replica }: Pair,
  {
    address,
    readers,
  }: {
    /** The primary's. */
    readonly address: string;
    /** A pattern of addresses that the replica may have, such as 10.0.1.%: what reaches the primary with another is refused. */
    readonly readers: string;
  },
): Promise<void> {
  await primary.ask(`
    create user reader@'${readers}' identified by 'reads';
    grant replication slave on *.* to reader@'${readers}';
    create database shop;
    create table shop.orders (id int auto_increment primary key, words varchar(200))`);
  await replica.ask(`
    change master to master_host='${address}', master_user='reader', master_password='reads',
      master_use_gtid=slave_pos, master_connect_retry=1, master_heartbeat_period=2;
    start slave`);
}

/** Adds rows to that table. */
export async function insert({ ask }: Server, rows: number): Promise<void> {
  await ask(
    `insert into shop.orders (words) select concat('order ', seq, repeat(' confidential', 10)) from shop.seq_1_to_${String(rows)}`,
  );
}

/** What both servers have of that table. */
export interface Arrival {
  /** Both have the same rows, and the replica has all of the primary's changes. */
  readonly isSame: boolean;
  /** How many rows, and their checksum: the primary's. */
  readonly there: string;
  /** The replica's. */
  readonly here: string;
  /** "0" where the replica had everything in time. */
  readonly waited: string;
}

/** Waits until the replica has what the primary has now. */
export async function arrival({ primary, replica }: Pair): Promise<Arrival> {
  const position = await primary.ask("select @@gtid_binlog_pos");
  const waited = await replica.ask(
    `select master_gtid_wait('${position}', 300)`,
  );
  const look =
    "select count(*) from shop.orders; checksum table shop.orders extended";
  const [there, here] = [await primary.ask(look), await replica.ask(look)];
  const isSame = waited === "0" && there === here && !there.includes("NULL");
  return { isSame, there, here, waited };
}
