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
export const module_functions_max: number = 1_000_000;
export const module_entries_max: number = 100_000;
export const function_values_max: number = 1000;
export const structure_fields_max: number = 10_000;

/** Debug information (DWARF) of a module, read when it trapped: its size, and what one reading may take. */
export const debug_bytes_max: number = 256 * 1024 * 1024;
export const debug_steps_max: number = 30_000_000;
export const debug_name_bytes_max: number = 1024;
export const debug_name_references_max: number = 8;
export const debug_files_max: number = 65_536;
export const debug_abbreviation_attributes_max: number = 200_000;
export const debug_inlined_depth_max: number = 64;

/** A core dump: how much of a guest's memory is in it, and all of it. */
export const core_memory_bytes_max: number = 256 * 1024 * 1024;
export const core_bytes_max: number = core_memory_bytes_max + 32 * 1024 * 1024;

/** Layers: entries, expansion, and what one header may say. */
export const layer_entries_max: number = 1_000_000;
export const layer_expanded_bytes_max: number = 64 * 1024 ** 3;
export const layer_expansion_ratio_max: number = 2000;
export const layer_path_depth_max: number = 256;
export const layers_per_image_max: number = 128;
export const layer_strings_bytes_max: number = 64 * 1024 * 1024;
export const layer_xattrs_bytes_max: number = 16 * 1024 * 1024;
export const image_entries_max: number = 2_000_000;
export const pax_header_bytes_max: number = 1024 * 1024;
export const chunk_bytes: number = 64 * 1024;

/** Documents from a registry or an archive. */
export const manifest_bytes_max: number = 4 * 1024 * 1024;
export const config_bytes_max: number = 8 * 1024 * 1024;
export const index_manifests_max: number = 10_000;
export const archive_images_max: number = 10_000;
export const reference_path_bytes_max: number = 255;
export const registry_error_bytes_max: number = 64 * 1024;
export const registry_token_bytes_max: number = 256 * 1024;
export const registry_redirects_max: number = 10;
export const registry_retries_max: number = 4;
export const registry_retry_ms: number = 250;

/** ttrpc, containerd's protocol to a shim. */
export const ttrpc_message_bytes_max: number = 4 * 1024 * 1024;
export const ttrpc_status_message_bytes_max: number = 64 * 1024;
export const ttrpc_unsent_bytes_max: number = 4 * 1024 * 1024;
export const ttrpc_calls_per_connection_max: number = 4096;
export const ttrpc_timeout_ms_max: number = 2 ** 31 - 1;
export const ttrpc_connect_ms_max: number = 10_000;
export const ttrpc_close_ms_max: number = 1000;
export const unix_path_bytes_max: number = 107;

/** The broker of a shim: one outstanding request a channel. */
export const broker_request_bytes_max: number = 64 * 1024;
export const broker_reply_bytes_max: number = 64 * 1024;

/** Containers. */
export const containers_per_shim_max: number = 50;
export const forks_per_zygote_max: number = 1000;
/** Guest processes that a shim keeps forked ahead, warm; each has some 2 MB of its own. */
export const standby_guests: number = 2;
/** How long after a start the next of them is forked. */
export const standby_rest_ms: number = 30;
export const guest_started_ms_max: number = 1000;
export const attached_client_buffer_bytes_max: number = 1024 * 1024;

/** Logs: `--log-opt max-size` and `max-file` change them. */
export const log_bytes_max: number = 10 * 1024 * 1024;
export const log_files_max: number = 3;
export const log_line_bytes_max: number = 16 * 1024;

/** The Docker API. */
export const request_body_bytes_max: number = 16 * 1024 * 1024;
export const request_header_bytes_max: number = 256 * 1024;
export const events_kept_max: number = 256;
export const stop_timeout_s: number = 10;

/** Descriptors beside one frame of a guest's job (the kernel takes 253 a message). */
export const descriptors_per_job_frame_max: number = 200;

/** How long a zygote may take to answer an order before it is held for hung. */
export const zygote_answer_ms_max: number = 10_000;

/** Log records that may wait for the disk before their guest is held. */
export const log_backlog_bytes_max: number = 1024 * 1024;
export const log_retry_ms: number = 100;
export const log_close_patience_ms: number = 10_000;

/** A client handed over to a shim: its request and the bytes read from it before. */
export const handoff_bytes_max: number = 16 * 1024 * 1024;

/** How long a shim without a task and without a daemon stays. */
export const shim_idle_ms: number = 10_000;

/** How long a shim that leaves lets clients of deleted containers read the rest of their output. */
export const shim_linger_ms_max: number = 30_000;

/** How long a container runs before its record says so: most are over by then, and nobody asks. */
export const running_record_delay_ms: number = 100;

/** How long the daemon waits likewise before it writes a start down. */
export const save_at_leisure_ms: number = 250;

/** How long a client's handover may take to arrive. */
export const handoff_receive_ms_max: number = 10_000;

/** A handover with so many bytes of the client's at most is whole when it is sent. */
export const handoff_at_once_bytes_max: number = 32 * 1024;

/** How long a new shim may take until it serves. */
export const shim_launch_ms_max: number = 20_000;

/** A job longer than this goes to its guest as a file in memory. */
export const job_inline_bytes_max: number = 32 * 1024;

/** Files of a guest: renames of directories its open directories can follow, and paths its broker says were touched. */
export const directory_moves_remembered_max: number = 65_536;
export const touched_directories_max: number = 4096;

/** The store: content written at once, its largest blob, names, and how late its mirrors may be. */
export const content_write_bytes: number = 512 * 1024;
export const blob_bytes_max: number = 64 * 1024 ** 3;
export const store_name_bytes_max: number = 4096;
export const mirror_delay_ms: number = 2000;

/** The daemon and its shims: places kept free, how long an answer may take. */
export const shim_free_places_min: number = 8;
export const shim_call_ms_max: number = 60_000;
export const shim_reconnect_ms: number = 20;
export const shim_unreachable_ms_max: number = 10_000;
export const handoff_answer_ms_max: number = 10_000;

/** Images in the engine: nested indexes, parsed documents remembered, layers pulled at once, progress, waiting for another's pull. */
export const index_depth_max: number = 4;
export const image_documents_kept_max: number = 2000;
export const layers_pulled_at_once_max: number = 3;
export const progress_interval_ms: number = 100;
export const pull_wait_ms: number = 250;
export const archive_read_bytes: number = 1024 * 1024;

/** A tree of files in memory, unless it is made with another bound. */
export const memory_files_bytes_max: number = 256 * 1024 * 1024;

/** What is kept of a stream that is captured, unless another bound is given. */
export const captured_bytes_max: number = 16 * 1024 * 1024;
export const shim_recover_ms_max: number = 2000;

/** Space kept back, so that on a full disk something can still be removed. */
export const disk_reserve_bytes: number = 4 * 1024 * 1024;

/** Containers of the engine. */
export const container_memory_bytes_min: number = 6 * 1024 * 1024;
export const hostname_bytes_max: number = 64;
export const restart_wait_ms_min: number = 100;
export const restart_wait_ms_max: number = 60_000;
export const restart_settled_ms: number = 10_000;
export const kill_wait_ms_max: number = 10_000;
export const kill_wait_again_ms: number = 2000;
export const passwd_bytes_max: number = 1024 * 1024;
export const log_read_bytes: number = 64 * 1024;
export const log_poll_ms: number = 1000;

/** Folders of removed containers that are kept for new ones. */
export const spare_folders_max: number = 64;
