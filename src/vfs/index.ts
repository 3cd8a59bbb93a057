export type { Damage, Layer } from './layer-data.ts';
export type { Channel } from './guest/client.ts';
export { createGuestFiles } from './guest/files.ts';
export type { GuestFilesOptions, GuestMount } from './guest/files.ts';
export { createClock } from './guest/clock.ts';
export { HostFile, standardFile } from './guest/host-file.ts';
export type { HostFileOptions } from './guest/host-file.ts';
export { createBroker } from './broker/broker.ts';
export type { Answer, Broker, BrokerMount, BrokerOptions } from './broker/broker.ts';
