import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";
import { charonMissing } from "./programs.ts";

const missing = scenesMissing() ?? charonMissing();

/** Scene by scene, what it must find. */
const scenes = {
  ike: [
    "the first packet brings the tunnel up",
    "the first packet leaks nothing",
    "by IKE pods talk without loss",
    "SAs have ESN and a window of 1024",
    "status shows IKE, both identities and the algorithms",
    "the plan leaves charon's SAs alone",
    "no secret is logged",
    "rekeying replaces the SAs",
    "rekeying sends nothing that the other end cannot take",
    "rekeying leaks nothing",
    ...["SIGKILL", "SIGTERM", "SIGSTOP"].flatMap((signal) => [
      `${signal} to charon leaks nothing`,
      `${signal} to charon heals`,
    ]),
    "without an agent nothing leaks",
    "charon ends with its agent",
    "a wrong secret is named, and lets nothing pass",
  ],
  router: [
    "what is printed for a router holds no secret",
    "a router set up by hand and a node talk",
    "with a router nothing leaks",
    "the router can begin as well",
  ],
  initiate: [
    "a node that nobody can reach brings its tunnel up",
    "its peer answers to where it has appeared, in UDP",
    "while it comes up nothing leaks",
    "another address of the NAT's is followed",
    "while it moves nothing leaks",
    "another address of its own costs it no file",
    "while its own address changes nothing leaks",
  ],
  attack: [
    "of a recorded stream that is played again nothing is accepted",
    "an SA whose counter nears its end is replaced before it",
    "while it is replaced nothing leaks",
    "a charon whose package is upgraded goes on",
    "the next charon is the upgraded one",
    "both charons killed at once leak nothing",
    "both charons killed at once heal",
    "no pre-shared key is in any file, log or process's words",
  ],
  certified: [
    "by certificates pods talk without loss",
    "who is revoked has no tunnel any more",
    "until it is signed again",
    "a certificate of another cluster's authority is refused",
    "a certificate of the own authority with another node's name is refused",
    "the right one is taken",
    "whoever shows what, nothing leaks",
  ],
  mixed: [
    "one node talks by IKE and by derived keys at a time",
    "by neither anything leaks",
    "each cluster has SAs of its own kind",
    "the plan leaves both alone",
    "that charon dies costs derived keys no packet",
    "that charon dies leaves derived keys' SAs alone",
  ],
  migration: [
    ...["from derived keys to IKE", "while keys are renewed"].map(
      (change) => `${change} nothing is sent that the other end cannot take`,
    ),
    // On the way back too, where both agents see their files within 10 s: not to be had of every machine.
    ...[
      "from derived keys to IKE",
      "while keys are renewed",
      "from IKE to derived keys",
    ].flatMap((change) => [
      `${change} a TCP connection goes on`,
      `${change} nothing leaks`,
    ]),
    "derived keys' SAs go once IKE's have taken their place",
    "from IKE to derived keys the SAs are as before",
  ],
};

const charon = charonMissing();

describe(`charon and its agent${charon === undefined ? "" : `, ${charon}`}`, () => {
  play(
    join(import.meta.dirname, "negotiation.scene.ts"),
    [
      "the first packet has the ends agree",
      "until there are SAs nothing leaks",
      "status shows both identities",
      "what the kernel refuses is named",
      "after SIGKILL another charon serves",
      "after SIGKILL nothing leaks",
      "after SIGSTOP another charon serves",
      "after SIGSTOP nothing leaks",
      "charon ends with its agent",
      "charon ends with an agent that is killed",
      "who else holds the port is named",
      "charon starts once the port is free",
      "another secret is named",
      "with another secret nothing leaks",
      "no secret is logged",
      "what fails is not tried without pauses",
    ],
    { missing: charon, withoutEsp: true },
  );
});

describe(`certificates${charon === undefined ? "" : `, ${charon}`}`, () => {
  play(
    join(import.meta.dirname, "certificates.scene.ts"),
    [
      "an authority on one side alone is refused",
      "by certificates the ends agree",
      "by certificates nothing leaks",
      "a revoked certificate is refused within a minute",
      "no private key is logged",
    ],
    { missing: charon, withoutEsp: true },
  );
});

describe.each(Object.entries(scenes))(
  `%s, ${missing ?? "under constant ping"}`,
  (scene, names) => {
    play(join(import.meta.dirname, `${scene}.scene.ts`), names, { missing });
  },
);
