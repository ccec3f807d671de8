import { dirname, join } from "node:path";

/** The folder of charon's files, beside the agent's socket: it is root's alone. */
export function ikeFolder(agentSocket: string): string {
  return join(dirname(agentSocket), "ike");
}

/** Where charon's files are, all below one folder that is root's alone. */
export interface CharonPlaces {
  readonly folder: string;
  /** What charon reads at its start; its environment's STRONGSWAN_CONF. */
  readonly configuration: string;
  readonly viciSocket: string;
  /** What the agent says of its tunnels by IKE, for `crosslink status`. */
  readonly state: string;
}

/** The places below a folder, such as /run/crosslink/ike. */
export function charonPlaces(folder: string): CharonPlaces {
  return {
    folder,
    configuration: `${folder}/strongswan.conf`,
    viciSocket: `${folder}/vici.sock`,
    state: `${folder}/state.json`,
  };
}

/**
 * All that charon loads: Debian 12 and 13 and Ubuntu 24.04 have them in the packages below. One that a version does not know
 * is passed over. Never bypass-lan, whose policies let neighbours' packets pass in clear text.
 */
const PLUGINS = [
  ...["random", "nonce", "drbg", "openssl", "kdf"],
  ...["aes", "sha2", "hmac", "gcm"],
  // For certificates.
  ...["pem", "pkcs1", "pubkey", "x509", "revocation", "constraints"],
  ...["kernel-netlink", "socket-default", "vici"],
];

/** charon, its vici plugin, and openssl's x25519 and gcm. */
export const CHARON_PACKAGES = [
  "charon-systemd",
  "strongswan-swanctl",
  "libstrongswan-standard-plugins",
] as const;

/** To its output alone, at levels that hold no key. Not to stdout, of which only full buffers would arrive. */
const LOGS = `  filelog {
    out {
      path = stderr
      # At 2 and above are keys and packets' contents.
      default = 1
      # What each packet holds.
      enc = 0
      net = 0
      ike_name = yes
    }
  }
  syslog {
    daemon {
      default = -1
    }
    auth {
      default = -1
    }
  }`;

/**
 * charon's configuration: it makes SAs and nothing else. Policies, routes and addresses are not its to set; it hears of
 * nobody but us, and logs to its own output alone, at levels that hold no key.
 */
export function charonConfiguration({ viciSocket }: CharonPlaces): string {
  return `charon {
  load = ${PLUGINS.join(" ")}
  install_routes = no
  install_virtual_ip = no
  ignore_acquire_ts = yes
  delete_rekeyed_delay = 5
  # A peer that starts at the same time, or a second later, is not waited for long.
  retransmit_timeout = 2
  retransmit_base = 1.5
  retransmit_tries = 6
  plugins {
    vici {
      socket = unix://${viciSocket}
    }
  }
${LOGS}
}
charon-systemd {
  journal {
    default = -1
  }
}
`;
}
