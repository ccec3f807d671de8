/** No more than a demonstration needs, in a folder that may be in memory. */
const SMALL = [
  "--user=root",
  "--skip-name-resolve",
  "--innodb-log-file-size=4M",
  "--innodb-buffer-pool-size=16M",
  "--innodb-flush-method=fsync",
  "--innodb-use-native-aio=0",
  "--performance-schema=OFF",
];

/** The command that makes an empty database in a folder; its root needs no password. */
export function installCommand(folder: string): [string, ...string[]] {
  return [
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...SMALL,
  ];
}

/** What distinguishes one server from another. */
export interface ServerWords {
  /** Of the database, and of the socket. */
  readonly folder: string;
  /** Where it listens. */
  readonly address: string;
  /** Among the servers that replicate to each other. */
  readonly id: number;
}

/** The command that is a server, whose changes others may replicate. */
export function serverCommand({
  folder,
  address,
  id,
}: ServerWords): [string, ...string[]] {
  return [
    "mariadbd",
    "--no-defaults",
    `--datadir=${folder}`,
    `--socket=${socketIn(folder)}`,
    `--bind-address=${address}`,
    `--server-id=${String(id)}`,
    `--log-bin=${folder}/log`,
    "--gtid-strict-mode=ON",
    "--slave-net-timeout=10",
    ...SMALL,
  ];
}

/** The command that has a server do something, by its socket: it prints a row a line. */
export function clientCommand(
  folder: string,
  sql: string,
): [string, ...string[]] {
  const how = ["--no-defaults", "-uroot", "-N", "-B"];
  return ["mariadb", ...how, `-S${socketIn(folder)}`, "-e", sql];
}

function socketIn(folder: string): string {
  return `${folder}/socket`;
}
