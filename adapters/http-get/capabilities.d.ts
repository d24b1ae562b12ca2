/** What the world imports, as the toolchain hands it to JavaScript. Source: `../wit/capabilities.wit`. */

declare module 'hotcell:capabilities/http@1.0.0' {
  interface Header {
    readonly name: string;
    readonly value: Uint8Array;
  }

  interface Request {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly Header[];
    readonly body: Uint8Array | null;
    readonly timeoutMs: number | null;
  }

  interface Limits {
    readonly redirectsMax: number;
    readonly bodyMaxBytes: number;
  }

  interface Page {
    readonly status: number;
    readonly headers: readonly Header[];
    readonly body: Uint8Array;
    readonly truncated: boolean;
    readonly url: string;
  }

  /** Throws `{ tag, val }` of the variant `error`. */
  export function fetch(request: Request, limits: Limits): Page;
}
