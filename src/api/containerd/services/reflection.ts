import { type DescFile, type DescService, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

import type { ServiceHandlers } from '../../../wire/index.ts';
import type { reflection, ReflectionAlphaService, ReflectionService } from '../../../wire/services.ts';

type Request = reflection.ServerReflectionRequest;
type Reply = MessageInitShape<typeof reflection.ServerReflectionResponseSchema>;

/** gRPC's codes that the answers carry. */
const not_found = 5;
const unimplemented = 12;

/**
 * gRPC's server reflection: which services there are, and their descriptions for clients that bring none.
 *
 * @param services gives what is served by now.
 */
export function reflectionService(
  services: () => readonly DescService[],
): ServiceHandlers<typeof ReflectionService> & ServiceHandlers<typeof ReflectionAlphaService> {
  return {
    // Both versions have the same messages under different names.
    async *serverReflectionInfo(requests: AsyncIterable<unknown>): AsyncGenerator<never> {
      for await (const request of requests as AsyncIterable<Request>) {
        yield {
          validHost: request.host,
          originalRequest: { host: request.host, messageRequest: request.messageRequest },
          messageResponse: answer(services(), request.messageRequest),
        } as unknown as never;
      }
    },
  };
}

function answer(services: readonly DescService[], request: Request['messageRequest']): Reply['messageResponse'] {
  switch (request.case) {
    case 'listServices':
      return {
        case: 'listServicesResponse',
        value: {
          service: services.map(({ typeName: name }) => ({ name })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        },
      };
    case 'fileByFilename': {
      const wanted = request.value.replace(/\.proto$/, '');
      return described(
        allFiles(services).find(({ name }) => name === wanted),
        request.value,
      );
    }
    case 'fileContainingSymbol':
      return described(
        allFiles(services).find((file) => declares(file, request.value)),
        request.value,
      );
    default:
      return failure(unimplemented, 'extensions are not served');
  }
}

function described(file: DescFile | undefined, wanted: string): Reply['messageResponse'] {
  if (file === undefined) return failure(not_found, `${wanted} not found`);
  const files = withDependencies([file]);
  const encoded = files.map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: encoded } };
}

function failure(errorCode: number, errorMessage: string): Reply['messageResponse'] {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}

function allFiles(services: readonly DescService[]): DescFile[] {
  return withDependencies(services.map(({ file }) => file));
}

function withDependencies(files: readonly DescFile[]): DescFile[] {
  const found = new Set<DescFile>();
  const todo = [...files];
  for (let file = todo.shift(); file !== undefined; file = todo.shift()) {
    if (found.has(file)) continue;
    found.add(file);
    todo.push(...file.dependencies);
  }
  return [...found];
}

/** Whether a file declares a name: a service or its method, a message or its field, an enumeration. */
function declares(file: DescFile, symbol: string): boolean {
  const top = [...file.services, ...file.messages, ...file.enums];
  return top.some(({ typeName }) => symbol === typeName || symbol.startsWith(`${typeName}.`));
}
