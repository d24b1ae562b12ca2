/** The part of the WebAssembly JavaScript interface that the host uses; `lib.dom` would bring a browser with it. */
declare namespace WebAssembly {
  type ImportValue = ExportValue | Suspending | ((...values: never[]) => unknown) | number | bigint;
  type CoreFunction = (...args: number[]) => number;
  type ExportValue = CoreFunction | Memory | Table | Global | Tag;
  type Exports = Record<string, ExportValue>;
  type Imports = Record<string, Record<string, ImportValue>>;
  interface ModuleImportDescriptor {
    module: string;
    name: string;
    kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
  }
  interface ModuleExportDescriptor {
    name: string;
    kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
  }
  class Module {
    private readonly brand: 'Module';
    constructor(bytes: BufferSource);
    static imports(module: Module): ModuleImportDescriptor[];
    static exports(module: Module): ModuleExportDescriptor[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    private readonly brand: 'Table';
    readonly length: number;
    set(index: number, value: CoreFunction): void;
  }
  class Global {
    value: number | bigint;
  }
  class Tag {
    private readonly brand: 'Tag';
  }
  /** What a guest throws. */
  class Exception {
    private readonly brand: 'Exception';
  }
  /** Wraps a function whose promise suspends the guest that calls it. */
  class Suspending {
    constructor(fn: (...values: never[]) => unknown);
  }
  /** A guest function that runs on a stack of its own, so that it can be suspended. */
  function promising(fn: CoreFunction): (...values: (number | bigint)[]) => Promise<number>;
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  type BufferSource = ArrayBufferView | ArrayBuffer;
  function validate(bytes: BufferSource): boolean;
  function compile(bytes: BufferSource): Promise<Module>;
}
