import type { ExternType, FunctionType, Import, Limits } from './types.ts';

/**
 * An import for a message that says what is missing: `env.log, a function (i32, i32) -> (i64)`.
 */
export function describeImport({ module, name, type }: Import): string {
  return `${module}.${name}, ${describeType(type)}`;
}

function describeType(type: ExternType): string {
  switch (type.kind) {
    case 'function':
      return `a function ${describeFunction(type.function)}`;
    case 'table':
      return `a table of ${type.table.element} with ${describeLimits(type.table, 'entries')}`;
    case 'memory':
      return `a ${type.memory.shared ? 'shared ' : ''}memory of ${describeLimits(type.memory, 'pages')}`;
    case 'global':
      return `a ${type.global.mutable ? 'mutable ' : ''}global ${type.global.value}`;
    case 'tag':
      return `a tag ${describeFunction(type.tag)}`;
  }
}

function describeFunction({ params, results }: FunctionType): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`;
}

function describeLimits({ minimum, maximum }: Limits, unit: string): string {
  return maximum === undefined ? `at least ${minimum} ${unit}` : `${minimum} to ${maximum} ${unit}`;
}
