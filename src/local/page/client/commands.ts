import type { PageInfo } from "../api.ts";
import { h, setText } from "./dom.ts";
import { announce, attempt } from "./notice.ts";

const COPIED_MS = 1_500;

/** The same upload from a terminal or a program, by three clients. */
const CLIENTS: Readonly<Record<string, (info: PageInfo) => string>> = {
  aws: ({ s3Url, uploadsBucket }) =>
    `aws --endpoint-url ${s3Url} --no-sign-request s3 cp picture.jpg s3://${uploadsBucket}/`,
  curl: ({ s3Url, uploadsBucket }) =>
    `curl --fail --upload-file picture.jpg ${s3Url}/${uploadsBucket}/picture.jpg`,
  SDK: ({ s3Url, uploadsBucket }) => `import { readFile } from "node:fs/promises";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const client = new S3Client({
  endpoint: "${s3Url}",
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
const Body = await readFile("picture.jpg");
await client.send(
  new PutObjectCommand({ Bucket: "${uploadsBucket}", Key: "picture.jpg", Body }),
);`,
};

export class CommandPopover {
  readonly button = h("button", { type: "button", class: "button", textContent: "Terminal" });
  readonly element = h("div", {
    class: "commands",
    popover: "auto",
    role: "group",
    "aria-label": "Upload from elsewhere",
  });
  readonly #codes = new Map<string, HTMLElement>();

  constructor() {
    this.button.popoverTargetElement = this.element;
    for (const name of Object.keys(CLIENTS)) {
      const code = h("pre", { tabIndex: 0 });
      const copy = h("button", {
        type: "button",
        class: "button small",
        "aria-label": `Copy the ${name} command`,
        textContent: "Copy",
      });
      copy.onclick = () =>
        attempt("Copy", async () => {
          await navigator.clipboard.writeText(code.textContent ?? "");
          announce("Copied");
          copy.textContent = "Copied";
          setTimeout(() => setText(copy, "Copy"), COPIED_MS);
        });
      this.#codes.set(name, code);
      this.element.append(h("h3", {}, name === "SDK" ? "AWS SDK for JavaScript" : name, copy), code);
    }
  }

  draw(info: PageInfo): void {
    for (const [name, code] of this.#codes) setText(code, CLIENTS[name]?.(info) ?? "");
  }
}
