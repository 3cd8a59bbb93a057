/**
 * Every bound of the product, in one place, its unit in its name. A bound that a user may change says where.
 */

/** Names, paths and links a guest may use. */
export const path_bytes_max: number = 4096;
export const name_bytes_max: number = 255;
export const symlinks_followed_max: number = 40;

/** One host call of a guest. */
export const iovecs_max: number = 1024;
export const random_bytes_max: number = 64 * 1024;
export const poll_subscriptions_max: number = 4096;
export const descriptors_per_guest_max: number = 1024;

/** Modules. */
export const module_bytes_max: number = 512 * 1024 * 1024;
export const memory_pages_max: number = 65_536;
export const table_entries_max: number = 10_000_000;

/** Layers: entries, expansion, and what one header may say. */
export const layer_entries_max: number = 1_000_000;
export const layer_expanded_bytes_max: number = 64 * 1024 ** 3;
export const layer_expansion_ratio_max: number = 2000;
export const layer_path_depth_max: number = 256;
export const layers_per_image_max: number = 128;
export const pax_header_bytes_max: number = 1024 * 1024;
export const chunk_bytes: number = 64 * 1024;

/** Documents from a registry or an archive. */
export const manifest_bytes_max: number = 4 * 1024 * 1024;
export const config_bytes_max: number = 8 * 1024 * 1024;

/** ttrpc, containerd's protocol to a shim. */
export const ttrpc_message_bytes_max: number = 4 * 1024 * 1024;

/** The broker of a shim: one outstanding request a channel. */
export const broker_request_bytes_max: number = 64 * 1024;
export const broker_reply_bytes_max: number = 64 * 1024;

/** Containers. */
export const containers_per_shim_max: number = 50;
export const forks_per_zygote_max: number = 1000;
export const guest_started_ms_max: number = 1000;
export const attached_client_buffer_bytes_max: number = 1024 * 1024;

/** Logs: `--log-opt max-size` and `max-file` change them. */
export const log_bytes_max: number = 10 * 1024 * 1024;
export const log_files_max: number = 3;
export const log_line_bytes_max: number = 16 * 1024;

/** The Docker API. */
export const request_body_bytes_max: number = 16 * 1024 * 1024;
export const events_kept_max: number = 256;
export const stop_timeout_s: number = 10;
export const daemon_idle_s: number = 600;
