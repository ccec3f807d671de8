/** conf/examples/two-clouds: what routers beyond a tunnel say of the packets that came out of it. */
import { runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { mustCrosslink, shell, wirePod } from "./actor.ts";
import { world } from "./world.ts";

{
  using stack = new DisposableStack();
  const scene = stack.use(world("two-clouds"));
  const [near, far] = ["vm-0-7", "172.17.128.10"].map((name) =>
    scene.machine(name),
  );
  const pod = stack.use(await wirePod(near!, "10.64.0.5"));
  const target = stack.use(await wirePod(far!, "172.16.0.5"));
  for (const machine of [near!, far!])
    await mustCrosslink(machine, scene, "apply");
  const ping = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await runIn(
      pod.namespace,
      "ping",
      "-n",
      "-c2",
      "-W1",
      ...words,
      "172.16.0.5",
    );
    return stdout + stderr;
  };
  const plain = await ping();
  tell("a far pod answers", plain.includes(" 0% packet loss"), plain);

  // The far node itself: pod, near node, far node.
  const expired = await ping("-t2");
  tell(
    "a pod hears that its packet's time to live ended at the far node",
    expired.includes("Time to live exceeded"),
    expired,
  );

  await shell(far!.namespace, "ip link set cali0 mtu 1300");
  await shell(target.namespace, "ip link set eth0 mtu 1300");
  const big = await ping("-s1380", "-Mdo");
  tell(
    "a pod hears of a narrow link behind the far node",
    /mtu ?= ?1300/i.test(big),
    {
      big,
      errors: await shell(
        near!.namespace,
        "grep -v ' 0$' /proc/net/xfrm_stat || :",
      ),
      theirs: await shell(
        far!.namespace,
        "grep -v ' 0$' /proc/net/xfrm_stat || :",
      ),
    },
  );
}
