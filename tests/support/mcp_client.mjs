// One MCP session with the TypeScript SDK, told in JSON on stdin and answered in JSON on stdout:
// {"modules": folder, "url", "token", "versions": [protocol versions] | null, "calls": [{"name", "arguments", "_meta"}]}
import { createRequire } from "node:module";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const order = JSON.parse(Buffer.concat(chunks));
const { Client, StreamableHTTPClientTransport } = createRequire(`${order.modules}/x.js`)("@modelcontextprotocol/client");

const client = new Client({ name: "an independent client", version: "1" }, order.options ?? {});
const transport = new StreamableHTTPClientTransport(new URL(order.url), {
  requestInit: { headers: { Authorization: `Bearer ${order.token}` } },
});
const told = { results: [] };
try {
  await client.connect(transport);
  told.server = client.getServerVersion();
  told.version = transport.protocolVersion ?? null;
  told.tools = (await client.listTools()).tools;
  for (const call of order.calls) {
    try {
      told.results.push(await client.callTool(call));
    } catch (error) {
      told.results.push({ thrown: error.constructor.name, code: error.code ?? null, message: error.message });
    }
  }
  await client.close();
} catch (error) {
  told.refused = { name: error.constructor.name, code: error.code ?? null, message: error.message };
}
process.stdout.write(JSON.stringify(told));
