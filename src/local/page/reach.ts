import { BlockList, isIPv6 } from "node:net";

/** Whose network an address belongs to, the farthest first. */
export const REACHES = ["the internet", "a private network", "this machine"] as const;
export type Reach = 0 | 1 | 2;

const PRIVATE = blockList("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");
const LOOPBACK = blockList("127.0.0.0/8", "::1/128");
/** Link-local (where clouds tell an instance its credentials), unspecified, multicast, reserved: no images live there. */
const NOBODY = blockList(
  ...["169.254.0.0/16", "fe80::/10", "fd00:ec2::/32"],
  ...["0.0.0.0/8", "::/128", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8"],
);

/** @returns `undefined` for an address that nothing is fetched from */
export function reachOf(address: string): Reach | undefined {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (NOBODY.check(address, family)) return undefined;
  if (LOOPBACK.check(address, family)) return 2;
  return PRIVATE.check(address, family) ? 1 : 0;
}

function blockList(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), isIPv6(address) ? "ipv6" : "ipv4");
  }
  return list;
}
