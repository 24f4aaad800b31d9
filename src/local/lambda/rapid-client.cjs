"use strict";
/**
 * Stands in for the native part of aws-lambda-ric, which needs cmake and a compiler to build: the three functions
 * that the client calls, against the Runtime API at AWS_LAMBDA_RUNTIME_API. Preloaded with `--require`.
 */
const { Agent, request } = require("node:http");
const { registerHooks } = require("node:module");
const { pathToFileURL } = require("node:url");

const [hostname, port] = String(process.env.AWS_LAMBDA_RUNTIME_API).split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The native functions return when the request has been sent; here `next` waits for what was sent before it. */
let sent = Promise.resolve();

exports.next = () => sent.then(() => send("GET", "next"));
exports.done = (id, bodyJson) => {
  post(`${id}/response`, bodyJson, {});
};
exports.error = (id, bodyJson, xrayCause) => {
  let errorType;
  try {
    ({ errorType } = JSON.parse(bodyJson));
  } catch {}
  post(`${id}/error`, bodyJson, {
    "Lambda-Runtime-Function-Error-Type": /^[\x20-\x7e]+$/.test(errorType) ? errorType : "Unhandled",
    // A header of this API may be 1 MB at most; the native client drops larger causes too.
    ...(xrayCause.length < 8_192 && /^[\x20-\x7e]*$/.test(xrayCause)
      ? { "Lambda-Runtime-Function-XRay-Error-Cause": xrayCause }
      : {}),
  });
};

function post(path, bodyJson, headers) {
  const posted = sent.then(() => send("POST", path, bodyJson, headers));
  posted.catch((error) => {
    process.stderr.write(`Runtime API: POST ${path}: ${error.message}\n`);
  });
  sent = posted.catch(() => {});
}

function send(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const options = {
      hostname,
      port,
      agent,
      method,
      path: `/2018-06-01/runtime/invocation/${path}`,
      headers:
        body === undefined
          ? {}
          : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ...headers },
    };
    request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bodyJson = Buffer.concat(chunks).toString();
        if (method === "GET" && response.statusCode !== 200)
          reject(new Error(`${response.statusCode} ${bodyJson}`));
        else resolve({ bodyJson, headers: response.headers });
      });
    })
      .on("error", reject)
      .end(body);
  });
}

const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier !== "./rapid-client.node") return nextResolve(specifier, context);
    hooks.deregister();
    return { url: pathToFileURL(__filename).href, format: "commonjs", shortCircuit: true };
  },
});
