import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { type TestContext, test } from "node:test";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { ActionError } from "../../../src/local/page/action-error.ts";
import { FETCH_LIMITS, fetchImage } from "../../../src/local/page/fetch-image.ts";
import { reachOf } from "../../../src/local/page/reach.ts";
import { startEndpoint } from "../s3/harness.ts";

const IMAGE = { "content-type": "image/jpeg" };

test("an address is judged by the network that it belongs to, however it is written", () => {
  const reaches = {
    "93.184.215.14": 0,
    "2606:2800:21f::1": 0,
    "10.1.2.3": 1,
    "172.31.255.1": 1,
    "192.168.0.9": 1,
    "100.64.0.1": 1,
    "fd12::1": 1,
    "::ffff:10.0.0.1": 1,
    "127.9.9.9": 2,
    "::1": 2,
    "::ffff:127.0.0.1": 2,
    "169.254.169.254": undefined,
    "::ffff:a9fe:a9fe": undefined,
    "fd00:ec2::254": undefined,
    "fe80::1": undefined,
    "0.0.0.0": undefined,
    "::": undefined,
    "224.0.0.1": undefined,
    "255.255.255.255": undefined,
  };
  assert.deepEqual(
    Object.fromEntries(Object.keys(reaches).map((address) => [address, reachOf(address)])),
    reaches,
  );
});

test("an image is stored under its name; a name that is taken gets a number", async (t) => {
  const { client } = await startEndpoint(t);
  const web = await serve(t, (_, response) => response.writeHead(200, IMAGE).end("jpeg"));
  for (const path of ["a/cat.jpg?w=9", "cat.jpg", "50%25%zz.jpg", "up%2F..%2F%0A.jpg", ""])
    await fetchImage(client, `${web}/${path}`);
  // Both look before either has stored.
  await Promise.all([1, 2].map(() => fetchImage(client, `${web}/twin.jpg`)));
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: "uploads" }));
  const keys = Contents.map(({ Key }) => Key);
  assert.deepEqual(keys, [
    "127.0.0.1.jpeg",
    "50%25%zz.jpg",
    "cat-2.jpg",
    "cat.jpg",
    "twin-2.jpg",
    "twin.jpg",
    "up_..__.jpg",
  ]);
});

test("what is fetched is bounded in bytes and in time, to its last byte", async (t) => {
  const { client } = await startEndpoint(t);
  const web = await serve(t, (request, response) => {
    response.writeHead(200, IMAGE).write("a");
    if (request.url === "/endless.jpg") response.write(Buffer.alloc(4_000));
  });
  const limits = { ...FETCH_LIMITS, maxBytes: 3_000, patienceMs: 500 };
  const fails = (path: string) => rejection(fetchImage(client, `${web}/${path}`, limits));
  assert.match(await fails("endless.jpg"), /sends more than 3000 bytes$/);
  assert.match(await fails("slow.jpg"), /did not send it within 0\.5 s$/);
});

test("redirects are followed, not for ever and to nothing but the web", async (t) => {
  const { client } = await startEndpoint(t);
  const web = await serve(t, (request, response) => {
    const to = { "/a": "/b/cat.jpg", "/loop": "/loop", "/file": "file:///etc/passwd" }[request.url ?? ""];
    if (to === undefined) response.writeHead(200, IMAGE).end("jpeg");
    else response.writeHead(302, { location: to }).end();
  });
  await fetchImage(client, `${web}/a`);
  assert.match(await rejection(fetchImage(client, `${web}/loop`)), /leads from one address to the next/);
  assert.match(await rejection(fetchImage(client, `${web}/file`)), /expected an address that begins with/);
});

test("an address that has no images is not asked, entered or redirected to", async (t) => {
  const { client } = await startEndpoint(t);
  const web = await serve(t, (_, response) =>
    response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end(),
  );
  for (const address of [
    `${web}/`,
    "http://169.254.169.254/",
    "http://2852039166/",
    "http://[fe80::1]/",
    "http://0/",
  ])
    assert.match(await rejection(fetchImage(client, address)), /is an address that has no images$/, address);
});

const own = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === "IPv4" && reachOf(each.address) !== 2)?.address;

test("a redirect leads to no nearer network than the one it comes from", {
  skip: own === undefined ? "this machine has no address but its own" : false,
}, async (t) => {
  const { client } = await startEndpoint(t);
  let asked = 0;
  const inner = await serve(t, (_, response) => {
    asked += 1;
    response.writeHead(200, IMAGE).end("jpeg");
  });
  const outer = await serve(
    t,
    (_, response) => response.writeHead(302, { location: `${inner}/cat.jpg` }).end(),
    own,
  );
  assert.match(
    await rejection(fetchImage(client, `${outer}/`)),
    /leads to 127\.0\.0\.1:\d+ on this machine, which is only fetched when it is entered itself$/,
  );
  assert.equal(asked, 0);
  await fetchImage(client, `${inner}/cat.jpg`);
  assert.equal(asked, 1);
});

test("what is no image, and who does not answer, is told", async (t) => {
  const { client } = await startEndpoint(t);
  const web = await serve(t, (request, response) => {
    if (request.url === "/404") response.writeHead(404).end();
    else response.writeHead(200, { "content-type": "text/html" }).end("<p>");
  });
  const fails = (address: string) => rejection(fetchImage(client, address));
  assert.match(await fails(`${web}/page`), /^expected an image, 127\.0\.0\.1:\d+ answered text\/html$/);
  assert.match(await fails(`${web}/404`), /answered 404$/);
  assert.match(await fails("http://127.0.0.1:1/"), /^127\.0\.0\.1:1 is not reachable \(ECONNREFUSED\)$/);
  assert.match(await fails("ftp://127.0.0.1/a"), /^expected an address that begins with/);
});

/** @returns the message of the refusal, which must be one that the page can show */
async function rejection(promise: Promise<void>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: Error) => reason,
  );
  assert.ok(error instanceof ActionError, `expected a refusal, got ${error}`);
  return error.message;
}

async function serve(test: TestContext, listener: RequestListener, host = "127.0.0.1"): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}
