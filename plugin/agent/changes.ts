import { type FSWatcher, watch } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Transport } from "../../native/conversation.ts";
import { watchReadable } from "../../native/local.ts";
import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_XFRM,
  openTransport,
} from "../../native/socket.ts";
import type { Kernel } from "../kernel.ts";
import type { Log } from "../log.ts";
import { tellsOfHarm } from "./notifications.ts";

/** What may have made the agent's knowledge old. */
export type ChangeKind = "xfrm" | "nftables" | "route" | "files";

/** Tells of changes until it is closed. */
export interface Changes {
  /** Reads xfrm's notifications that are queued: whether one tells of harm. */
  readonly drain: () => boolean;
  readonly close: () => void;
}

/** XFRMNLGRP_SA, XFRMNLGRP_POLICY: include/uapi/linux/xfrm.h. */
const XFRM: Topic = {
  protocol: NETLINK_XFRM,
  groups: [3, 4],
  matters: (datagram) => datagram === undefined || tellsOfHarm(datagram),
};

/** NFNLGRP_NFTABLES: include/uapi/linux/netfilter/nfnetlink.h. */
const NFTABLES: Topic = {
  protocol: NETLINK_NETFILTER,
  groups: [7],
  matters: () => true,
};

/** RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE: include/uapi/linux/rtnetlink.h. */
const ROUTES: Topic = {
  protocol: NETLINK_ROUTE,
  groups: [1, 7, 11],
  matters: () => true,
};

/** A datagram of notifications never exceeds the kernel's skb for them. */
const NOTIFICATION_BYTES = 64 * 1024;

/** Listens to the kernel and to the folders of the configured files. */
export function listen(
  kernel: Kernel,
  config: NetworkConfiguration,
  { onChange, log }: { onChange: (kind: ChangeKind) => void; log: Log },
): Changes {
  const follow = (kind: ChangeKind, topic: Topic): Subscription =>
    subscribe(kernel, topic, () => {
      onChange(kind);
    });
  const xfrm = follow("xfrm", XFRM);
  const others = [follow("nftables", NFTABLES), follow("route", ROUTES)];
  const folders = new Set([config.clustersDir, dirname(config.keyring)]);
  const watchers = [...folders].flatMap((folder) =>
    watchFolder(folder, log, () => {
      onChange("files");
    }),
  );
  return {
    drain: xfrm.drain,
    close: () => {
      for (const { close } of [xfrm, ...others]) close();
      for (const watcher of watchers) watcher.close();
    },
  };
}

interface Subscription {
  /** Reads what is queued. Returns whether any of it matters. */
  readonly drain: () => boolean;
  readonly close: () => void;
}

/** Which notifications, and which of them matter; undefined stands for some that were lost. */
interface Topic {
  readonly protocol: number;
  readonly groups: readonly number[];
  readonly matters: (datagram: Uint8Array | undefined) => boolean;
}

function subscribe(
  { binding, netns }: Kernel,
  { protocol, groups, matters }: Topic,
  onChange: () => void,
): Subscription {
  const socket = openTransport(binding, protocol, netns);
  for (const group of groups) binding.addMembership(socket.fd, group);
  const drain = (): boolean => {
    const told = receiveAll(socket).map(matters);
    return told.includes(true);
  };
  const unwatch = watchReadable(binding, socket.fd, () => {
    if (drain()) onChange();
  });
  return {
    drain,
    close: () => {
      unwatch();
      socket.close();
    },
  };
}

/** All datagrams that are queued; an overrun of the queue (ENOBUFS) is undefined among them. */
function receiveAll(socket: Transport): (Uint8Array | undefined)[] {
  const received: (Uint8Array | undefined)[] = [];
  for (;;) {
    const buffer = new Uint8Array(NOTIFICATION_BYTES);
    const length = socket.receive(buffer, 0);
    if (length === -constants.errno.ETIMEDOUT) return received;
    received.push(
      length < 0 || length > buffer.length
        ? undefined
        : buffer.subarray(0, length),
    );
    if (length < 0 && length !== -constants.errno.ENOBUFS) return received;
  }
}

/** A folder that is not there yet is found by the slow sweep. */
function watchFolder(
  folder: string,
  log: Log,
  onChange: () => void,
): FSWatcher[] {
  try {
    const watcher = watch(folder, onChange);
    watcher.on("error", (error) => {
      log("warn", `Cannot go on watching "${folder}"`, {
        error: String(error),
      });
    });
    return [watcher];
  } catch (error) {
    log("warn", `Cannot watch "${folder}"`, { error: String(error) });
    return [];
  }
}
