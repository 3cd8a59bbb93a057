export { type CodePlacement, codePlacement } from './code-placement.ts';
export { bodyStarts, type CoreDump, type CoreFile, coreFile } from './core-dump.ts';
export { describeImport } from './describe.ts';
export { detect } from './detect.ts';
export { locate, readableName, type SectionSource, type SourceFrame, withoutHash } from './dwarf/index.ts';
export { WasmError, WasmLimitError } from './error.ts';
export { type Exposed, exposeState } from './expose-state.ts';
export { limitModule, type ModuleLimits } from './limit-module.ts';
export { customSections, functionType, readModule } from './module.ts';
export { functionName, moduleName } from './names.ts';
export type {
  DataSegment,
  Export,
  ExternKind,
  ExternType,
  FunctionType,
  GlobalType,
  HeapType,
  Import,
  Limits,
  MemoryType,
  Module,
  NumberType,
  ReferenceType,
  Section,
  Span,
  TableType,
  ValueType,
} from './types.ts';
