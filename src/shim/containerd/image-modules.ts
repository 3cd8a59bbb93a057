/**
 * Modules that are layers of an image themselves: no containerd unpacks those, and each leaves them to its runtime. A
 * bundle of its own, loaded when there is such an image: few have one, and what speaks gRPC is large.
 */
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { manifest_bytes_max, module_bytes_max } from '../../limits/index.ts';
import {
  chooseManifest,
  defaultPlatforms,
  type Descriptor,
  type Manifest,
  mediaType,
  parseManifest,
} from '../../oci/index.ts';
import { ContainersService, ContentService, ImagesService } from '../../wire/services.ts';
import { placeBelow } from './rootfs.ts';

export interface ModulesOptions {
  /** The path of containerd's socket. */
  readonly containerd: string;
  readonly namespace: string;
  readonly container: string;
  /** The root filesystem, where they go. */
  readonly root: string;
  /** What the container is to run, and where. */
  readonly program: string;
  readonly cwd: string;
}

const module_types: ReadonlySet<string> = new Set([mediaType.wasm, mediaType.wasmContent, mediaType.wasmComponent]);

/**
 * Writes the module of the container's image to where its program is looked for. Does nothing when its image has none.
 *
 * @throws WherryError when containerd does not give it, or it is not what its digest says
 */
export async function fetchModules(options: ModulesOptions): Promise<void> {
  const { containerd, namespace, container, root, program, cwd } = options;
  const client = new Client(containerd, namespace);
  try {
    const image = (await client.call(ContainersService.method.get, { id: container })).container?.image ?? '';
    if (image === '') return;
    const { target } = (await client.call(ImagesService.method.get, { name: image })).image ?? {};
    if (target === undefined) return;
    const layers = (await client.manifest(target, image)).layers.filter((layer) => module_types.has(layer.mediaType));
    const layer = layers.find((each) => titleOf(each) === basename(program)) ?? layers[0];
    if (layer === undefined) return;
    const bytes = await client.blob(layer.digest, layer.size, module_bytes_max);
    const path = join(root, placeBelow(root, program.startsWith('/') ? program : join(cwd, program)));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes, { mode: 0o755, flag: 'wx' });
  } finally {
    client.close();
  }
}

function titleOf({ annotations }: Descriptor): string {
  return basename(annotations?.['org.opencontainers.image.title'] ?? '');
}

class Client {
  readonly #client: grpc.Client;
  readonly #headers = new grpc.Metadata();

  constructor(socket: string, namespace: string) {
    this.#client = new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure());
    this.#headers.set('containerd-namespace', namespace);
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const { path, serialize, deserialize } = wire(method);
    return new Promise((resolve, reject) =>
      this.#client.makeUnaryRequest(path, serialize, deserialize, message, this.#headers, (error, answer) =>
        error === null ? resolve(answer!) : reject(refused(error)),
      ),
    );
  }

  /** The manifest that `target` is, or leads to for modules. */
  async manifest(target: { mediaType: string; digest: string; size: bigint }, image: string): Promise<Manifest> {
    const bytes = await this.blob(target.digest, Number(target.size), manifest_bytes_max);
    const found = parseManifest(bytes, target.mediaType, image);
    if (found.kind === 'manifest') return found;
    const { digest, size, mediaType: type } = chooseManifest(found, defaultPlatforms(architecture));
    const chosen = parseManifest(await this.blob(digest, size, manifest_bytes_max), type, image);
    if (chosen.kind === 'manifest') return chosen;
    throw new WherryError('InvalidArgument', `Cannot use the image ${image}: an index leads to another.`);
  }

  async blob(digest: string, size: number, bytes_max: number): Promise<Uint8Array> {
    if (size > bytes_max)
      throw new WherryError('ResourceExhausted', `${digest} has ${size} bytes, ${bytes_max} are allowed`);
    const method: DescMethodServerStreaming = ContentService.method.read;
    const { path, serialize, deserialize } = wire(method);
    const stream = this.#client.makeServerStreamRequest(path, serialize, deserialize, { digest }, this.#headers);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const message of stream) {
        const { data } = message as { data: Uint8Array };
        pieces.push(data);
        bytes += data.length;
        if (bytes > bytes_max) throw new WherryError('ResourceExhausted', `${digest} is longer than was said`);
      }
    } catch (error) {
      stream.cancel();
      throw error instanceof WherryError ? error : refused(error as grpc.ServiceError);
    }
    const [algorithm = '', hex] = digest.split(':');
    const hash = createHash(algorithm === 'sha512' ? 'sha512' : 'sha256');
    for (const piece of pieces) hash.update(piece);
    if (hash.digest('hex') !== hex) throw new WherryError('DataLoss', `the content of ${digest} is not what it says`);
    return Buffer.concat(pieces);
  }

  close(): void {
    this.#client.close();
  }
}

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

function refused(error: grpc.ServiceError): WherryError {
  return new WherryError('Unavailable', `Cannot get the module of the image: ${error.details}`, { cause: error });
}

function wire<I extends DescMessage, O extends DescMessage>(method: {
  readonly parent: { readonly typeName: string };
  readonly name: string;
  readonly input: I;
  readonly output: O;
}): {
  path: string;
  serialize(message: MessageInitShape<I>): Buffer;
  deserialize(bytes: Buffer): MessageShape<O>;
} {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (message) => Buffer.from(toBinary(method.input, create(method.input, message))),
    deserialize: (bytes) => fromBinary(method.output, bytes),
  };
}
