/**
 * Built files in front of a program that has other ones embedded: to try a build of the dashboard without building the program. What is
 * a file of the folder comes from there, everything else from the program, the stream as well.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { extname, join } from "node:path";

const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const PROGRAMS = /^\/(api|auth|ws|health|metrics)\b/;

export class Front {
  #folder;
  #server = null;
  #to = null;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Stands before the program at `url` and tells its own address: the same one at each call. */
  async before(url) {
    this.#to = new URL(url);
    if (!this.#server) {
      this.#server = http.createServer((request, response) => this.#answer(request, response));
      this.#server.on("upgrade", (request, socket, head) => this.#join(request, socket, head));
      await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    }
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  end() {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.#to);
    if (!PROGRAMS.test(pathname)) {
      const named = join(this.#folder, pathname);
      const file = existsSync(named) && statSync(named).isFile() ? named : join(this.#folder, "index.html");
      response.writeHead(200, { "content-type": KINDS[extname(file)] ?? "application/octet-stream" });
      response.end(readFileSync(file));
      return;
    }
    const { hostname, port } = this.#to;
    // A connection of its own each time: one that is kept may just be closed at the other end.
    const asked = http.request({ agent: false, hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    request.pipe(asked);
  }

  #join(request, socket, head) {
    const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const other = net.connect(Number(this.#to.port), this.#to.hostname, () => {
      other.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
      other.write(head);
      other.pipe(socket);
      socket.pipe(other);
    });
    for (const [one, two] of [[other, socket], [socket, other]]) {
      one.on("error", () => two.destroy());
      one.on("close", () => two.destroy());
    }
  }
}
