/**
 * Every bound of the product, in one place, its unit in its name. `docs/limits.md` is made from this file by
 * `tools/limits-page.ts`: what stands over a group of constants is the group's heading and what there is to say of it,
 * what stands over one constant is said of that one. A bound that a user may change says how; all others are fixed.
 */

/** A container's process. What a user gives a container with `docker run`, `docker update` can change as it runs. */
/**
 * What the process may use beside the memory that `-m` gives the guest: its module, compiled code, the host around it.
 * With a control group, that and `-m` together bound all that the process has; without, its data.
 */
export const guest_process_bytes: number = 96 * 1024 * 1024;
/** What Node has of `RLIMIT_DATA`, mostly reserved and never used, before it has a guest: not the container's to answer for. */
export const node_data_bytes: number = 544 * 1024 * 1024;
/** The least that `-m` takes. Docker's. */
export const container_memory_bytes_min: number = 6 * 1024 * 1024;
/** What `--cpus` is measured over; `--cpu-period` changes it. The kernel's. */
export const cpu_period_us: number = 100_000;
/** Without a control group: how often the shim looks whether a container has used more than its part. */
export const throttle_tick_ms: number = 20;
/** The least part of a period that `--cpus` and `--cpu-quota` can give. The kernel's. */
export const cpu_quota_us_min: number = 1000;
/** How deep calls go until a guest traps: "Maximum call stack size exceeded". V8's. */
export const stack_bytes_max: number = 984 * 1024;
/** What a guest may have in garbage-collected structures and arrays; V8 then ends the process. `-m` bounds it sooner. */
export const heap_bytes_max: number = 4 * 1024 ** 3;
/** How long a guest is given to end; `--stop-timeout` and `docker stop -t` change it. Docker's. */
export const stop_timeout_s: number = 10;

/** Names, paths and links a guest may use. Linux's. */
/** Of a whole path. */
export const path_bytes_max: number = 4096;
/** Of one name in a path. */
export const name_bytes_max: number = 255;
/** On the way of one path; more is LOOP. */
export const symlinks_followed_max: number = 40;

/** One host call of a guest. What asks for more gets an errno, and nothing is allocated before that is known. */
/** Parts of one read or write. Linux's; more is INVAL. */
export const iovecs_max: number = 1024;
/** More is delivered in several steps. */
export const random_bytes_max: number = 64 * 1024;
/** More is INVAL. */
export const poll_subscriptions_max: number = 4096;
/** Open files of a guest; more is MFILE. */
export const descriptors_per_guest_max: number = 1024;

/** Modules. One that has more does not run, and the start says what it has too much of. */
/** Of the binary. */
export const module_bytes_max: number = 512 * 1024 * 1024;
/** Of each memory; `-m` lowers it, and `memory.grow` gives -1 there. A page has 64 KiB. */
export const memory_pages_max: number = 65_536;
/** Of each table; `table.grow` gives -1 there. */
export const table_entries_max: number = 10_000_000;
/** Functions, and types. */
export const module_functions_max: number = 1_000_000;
/** Imports, exports, globals and the like, of each kind. */
export const module_entries_max: number = 100_000;
/** Parameters or results of a function. */
export const function_values_max: number = 1000;
/** Of one structure. */
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
/** Files, folders and links of one layer. */
export const layer_entries_max: number = 1_000_000;
/** What a layer may grow to. */
export const layer_expanded_bytes_max: number = 64 * 1024 ** 3;
/** How many times its compressed size, once it is large enough for that to tell anything. */
export const layer_expansion_ratio_max: number = 2000;
/** Folders in each other. */
export const layer_path_depth_max: number = 256;
/** Layers of one image. */
export const layers_per_image_max: number = 128;
/** Names and link targets of one layer. */
export const layer_strings_bytes_max: number = 64 * 1024 * 1024;
/** Extended attributes of one layer. */
export const layer_xattrs_bytes_max: number = 16 * 1024 * 1024;
/** Of all layers together. */
export const image_entries_max: number = 2_000_000;
/** Of one extended header in a tar. */
export const pax_header_bytes_max: number = 1024 * 1024;
/** What one checksum of a layer covers. */
export const chunk_bytes: number = 64 * 1024;

/** A layer that is unpacked for the kernel: what is copied at once, and how long before others have a turn. */
export const unpack_piece_bytes: number = 1024 * 1024;
export const unpack_turn_ms: number = 8;
/** How long one that no snapshot lies on is kept unpacked for the next, as long as its image is there. */
export const unpacked_kept_ms: number = 24 * 3600 * 1000;

/** Documents from a registry or an archive. */
/** A manifest or an index. */
export const manifest_bytes_max: number = 4 * 1024 * 1024;
/** The config of an image. */
export const config_bytes_max: number = 8 * 1024 * 1024;
/** Images that one index lists. */
export const index_manifests_max: number = 10_000;
/** Images in one archive. */
export const archive_images_max: number = 10_000;
/** Of a repository's name. */
export const reference_path_bytes_max: number = 255;
/** How long this machine's registry may take to say whether it speaks TLS. */
export const registry_probe_ms_max: number = 5000;
/** Of a file that says where registries are served, or of a certificate. */
export const registry_hosts_file_bytes_max: number = 1024 * 1024;
/** What is read of an answer that refuses. */
export const registry_error_bytes_max: number = 64 * 1024;
/** Of the answer with a token. */
export const registry_token_bytes_max: number = 256 * 1024;
/** One after the other. */
export const registry_redirects_max: number = 10;
/** Of a blob whose transfer breaks off. */
export const registry_retries_max: number = 4;
/** Before the first of them; twice as long before each further one. */
export const registry_retry_ms: number = 250;

/** ttrpc, containerd's protocol to a shim. */
/** The protocol's own. */
export const ttrpc_message_bytes_max: number = 4 * 1024 * 1024;
/** Of the text of an error; a longer one is shortened. */
export const ttrpc_status_message_bytes_max: number = 64 * 1024;
/** Answers that wait for a client; with more nothing is read from it. */
export const ttrpc_unsent_bytes_max: number = 4 * 1024 * 1024;
/** At the same time. */
export const ttrpc_calls_per_connection_max: number = 4096;
/** A longer timeout is none: a timer cannot wait longer. */
export const ttrpc_timeout_ms_max: number = 2 ** 31 - 1;
/** How long a connection may take. */
export const ttrpc_connect_ms_max: number = 10_000;
/** How long a server that ends waits for its connections. */
export const ttrpc_close_ms_max: number = 1000;

/** Mounts that a client of containerd hands over, and the options of each. */
export const mounts_per_call_max: number = 256;
export const mount_options_max: number = 1024;

/** gRPC, containerd's protocol to its clients. */
/** Of one message, as containerd has it. */
export const grpc_message_bytes_max: number = 16 * 1024 * 1024;
/** Calls of one connection at the same time. */
export const grpc_streams_max: number = 1024;
/** What a client may have under way in one call, and in one connection, before it is told to go on. */
export const grpc_window_bytes: number = 4 * 1024 * 1024;
/** Calls that a connection may give up at once. Go's client reads a blob by a call for each piece, and gives each up. */
export const grpc_resets_max: number = 100_000;
/** Calls that it may give up for ever. */
export const grpc_resets_per_second_max: number = 10_000;

/** Streams beside transfers: how many, how long one may stay unclaimed, and what may be under way. */
/** Registered and not yet over, of all namespaces. */
export const transfer_streams_max: number = 4096;
/** Of a stream's name. */
export const transfer_stream_name_bytes_max: number = 1024;
/** Until a transfer takes it; the stream is then ended. */
export const transfer_stream_unclaimed_ms_max: number = 60_000;
/** Of one piece of data, as containerd has it. */
export const transfer_data_bytes: number = 32 * 1024;
/** What a client may have under way before it is told to go on: sixteen times what containerd lets it, for its speed. */
export const transfer_window_bytes: number = 1024 * 1024;
/** How long a receiver may take to let an export go on. */
export const transfer_stalled_ms_max: number = 300_000;
/** How long a client may take to give credentials. */
export const transfer_credentials_ms_max: number = 60_000;

/** Of a socket's path. Linux's. */
export const unix_path_bytes_max: number = 107;

/** The broker of a shim: one outstanding request a channel. */
/** More ends the guest. */
export const broker_request_bytes_max: number = 64 * 1024;
/** Of one answer. */
export const broker_reply_bytes_max: number = 64 * 1024;

/** Control groups: how often a shim looks whether a process has gone, until it removes its group. */
export const group_removal_retry_ms: number = 5;
/** How often it looks. */
export const group_removals_max: number = 2000;
/** How often a shim looks for control groups that were left over. */
export const groups_cleared_every_ms: number = 10_000;

/** Shims and the processes of guests. */
/** The next one goes to another shim. */
export const containers_per_shim_max: number = 50;
/** Docker's execs: how long one that ended can be asked about at least, and how many are kept for a container. */
export const exec_kept_ms: number = 5 * 60_000;
export const execs_kept_per_container_max: number = 1000;
/** How long a resize waits for the start. Docker's. */
export const exec_ready_ms_max: number = 10_000;
/** Processes beside a container's first one, also those that ended and were not deleted. */
export const execs_per_container_max: number = 128;
/** A zygote that has forked so often is renewed. */
export const forks_per_zygote_max: number = 1000;
/** After its start a daemon or a shim keeps V8's code of itself for the next one. */
export const compiled_kept_after_ms: number = 2000;
/** Guest processes that a shim keeps forked ahead, warm; each has some 2 MB of its own. */
export const standby_guests: number = 2;
/** How long after a start the next of them is forked. */
export const standby_rest_ms: number = 30;
/** Descriptors of a guest's process: its guest's, and some of its own. */
export const guest_process_descriptors_max: number = descriptors_per_guest_max + 64;
/** How long a guest's process may take to report before it is held for hung. */
export const guest_started_ms_max: number = 1000;

/** Logs and output. Nothing is dropped: a guest whose output nobody takes is held. */
/** Of one log file; `--log-opt max-size` changes it, -1 is no bound. */
export const log_bytes_max: number = 10 * 1024 * 1024;
/** `--log-opt max-file` changes it. */
export const log_files_max: number = 3;
/** A longer line becomes several records. Docker's. */
export const log_line_bytes_max: number = 16 * 1024;
/** Log records that may wait for the disk before their guest is held. */
export const log_backlog_bytes_max: number = 1024 * 1024;
/** On a full disk: how soon it is tried again, and how long for a container that has ended. */
export const log_retry_ms: number = 100;
export const log_close_patience_ms: number = 10_000;
/** Processes of other shims whose streams one of ours holds. */
export const relays_per_shim_max: number = 1000;
/** How long after the end of such a process a stream that somebody keeps open may be silent before it is given up on. */
export const relay_silence_ms_max: number = 3000;
/** How long the rest of such a process's output may take to be written. */
export const relay_finish_ms_max: number = 60_000;
/** What may wait for a slow attached client before its guest is held. */
export const attached_client_buffer_bytes_max: number = 1024 * 1024;

/** The Docker API. */
/** Of a JSON body; images and archives have no bound here. */
export const request_body_bytes_max: number = 16 * 1024 * 1024;
/** All headers of one request. */
export const request_header_bytes_max: number = 256 * 1024;
/** For `docker events --since`. */
export const events_kept_max: number = 256;

/** Descriptors beside one frame of a guest's job (the kernel takes 253 a message). */
export const descriptors_per_job_frame_max: number = 200;

/** How long a zygote may take to answer an order before it is held for hung. */
export const zygote_answer_ms_max: number = 10_000;

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

/** A program that takes a task's output: how long it may go on when that has ended, and then until it is killed. */
/** To end by itself, as containerd has it. */
export const logger_end_ms_max: number = 12_000;
/** After it was asked to. */
export const logger_kill_ms_max: number = 5000;

/** How long a new shim may take until it serves. */
export const shim_launch_ms_max: number = 20_000;

/** Published ports: connections that may wait to be accepted (the kernel has a bound of its own), and ports of a container. */
export const connections_waiting_max: number = 4096;
export const ports_per_container_max: number = 512;

/** A job longer than this goes to its guest as a file in memory. */
export const job_inline_bytes_max: number = 32 * 1024;

/** Files of a guest: renames of directories its open directories can follow, and paths its broker says were touched. */
/** Renames. */
export const directory_moves_remembered_max: number = 65_536;
/** Paths. */
export const touched_directories_max: number = 4096;
/** Notices that a guest's process has not read: they and one reply have to fit its socket. */
export const notices_unread_max: number = 64;

/** What a directory of an image may hold that is renamed: it is copied into the writable layer at once. */
export const renamed_directory_entries_max: number = 1024;
export const renamed_directory_bytes_max: number = 32 * 1024 * 1024;

/** The store: content written at once, its largest blob, names, and how late its mirrors may be. */
/** How long a change that nobody waits for waits for others, with which it is written. */
export const unawaited_commit_ms: number = 50;
/** Written at once. */
export const content_write_bytes: number = 512 * 1024;
/** The largest. */
export const blob_bytes_max: number = 64 * 1024 ** 3;
/** Of a name. */
export const store_name_bytes_max: number = 4096;
/** How late they may be. */
export const mirror_delay_ms: number = 2000;

/** The daemon and its shims: places kept free, how long an answer may take. */
/** With fewer, the next shim is started ahead. */
export const shim_free_places_min: number = 8;
/** One call to a shim. */
export const shim_call_ms_max: number = 60_000;
/** Between two tries to reach a shim again. */
export const shim_reconnect_ms: number = 20;
/** A shim that lives and does not answer for so long is ended. */
export const shim_unreachable_ms_max: number = 10_000;
/** How long a daemon that starts waits for the state of a container. */
export const shim_recover_ms_max: number = 2000;
/** The answer to a client's handover. */
export const handoff_answer_ms_max: number = 10_000;

/** Shims that are not ours, as containerd has it: their programs' time to clear up and to end, what they may say. */
/** For a shim's program to clear up after one that died. */
export const foreign_shim_delete_ms_max: number = 5000;
/** For a shim to answer at the start of the daemon. */
export const foreign_shim_load_ms_max: number = 5000;
/** For a shim to end when its last task is deleted. */
export const foreign_shim_shutdown_ms_max: number = 3000;
/** What a shim's program may print. */
export const foreign_shim_output_bytes_max: number = 1024 * 1024;
/** A line of a shim's log; a longer one is cut. */
export const foreign_shim_log_line_bytes_max: number = 8192;

/** Images in the engine: nested indexes, parsed documents remembered, layers pulled at once, progress, waiting for another's pull. */
/** Indexes in each other. */
export const index_depth_max: number = 4;
/** Parsed manifests and configs in memory. */
export const image_documents_kept_max: number = 2000;
/** Of one pull. */
export const layers_pulled_at_once_max: number = 3;
/** Layers of one image that are expanded and indexed at once. */
export const layers_made_at_once_max: number = 3;
/** Of one push. */
export const layers_pushed_at_once_max: number = 3;
/** Between two words about progress. */
export const progress_interval_ms: number = 100;
/** The same to containerd's clients, as containerd has it. */
export const transfer_progress_interval_ms: number = 300;
/** Between two looks whether another's pull is done. */
export const pull_wait_ms: number = 250;
/** Read at once. */
export const archive_read_bytes: number = 1024 * 1024;

/** A tree of files in memory, unless it is made with another bound. */
export const memory_files_bytes_max: number = 256 * 1024 * 1024;

/** What is kept of a stream that is captured, unless another bound is given. */
export const captured_bytes_max: number = 16 * 1024 * 1024;

/** Space kept back, so that on a full disk something can still be removed. */
export const disk_reserve_bytes: number = 4 * 1024 * 1024;

/** Containers of the engine. Docker's. */
/** Of `--hostname`. */
export const hostname_bytes_max: number = 64;
/** Before the first restart by a policy; twice as long before each further one. */
export const restart_wait_ms_min: number = 100;
/** Before any restart by a policy. */
export const restart_wait_ms_max: number = 60_000;
/** One that ran so long waits the shortest time again. */
export const restart_settled_ms: number = 10_000;
/** How long a killed container may take to be gone. */
export const kill_wait_ms_max: number = 10_000;
/** And once more, before it is said that it does not go. */
export const kill_wait_again_ms: number = 2000;
/** Of an image's `/etc/passwd` or `/etc/group`, when a user is looked up. */
export const passwd_bytes_max: number = 1024 * 1024;
/** How long it may take to find out whether this user may make namespaces. */
export const namespace_probe_ms_max: number = 5000;
/** Between two looks at what a container uses. Docker's. */
export const stats_interval_ms: number = 1000;
/** Devices that a Linux container is given. */
export const container_devices_max: number = 4096;
/** Of the text of `--security-opt seccomp=`. */
export const seccomp_profile_bytes_max: number = 1024 * 1024;
/** Read at once of a log. */
export const log_read_bytes: number = 64 * 1024;
/** How often a followed log is looked at when nothing tells of a change. */
export const log_poll_ms: number = 1000;

/** Folders of removed containers that are kept for new ones. */
export const spare_folders_max: number = 64;

/** Compiled code kept for the next run of a program: the module, its code, all of it, and how long compiling may take. */
export const code_module_bytes_max: number = 64 * 1024 * 1024;
export const code_bytes_max: number = 512 * 1024 * 1024;
export const code_cache_bytes_max: number = 2 * 1024 ** 3;
export const code_compile_ms_max: number = 300_000;
/** Processor seconds of one compilation, and what it may allocate. */
export const code_compile_cpu_s_max: number = 60;
export const code_compiler_bytes_max: number = 3 * 1024 ** 3;
/** How long a guest runs before its program is worth compiling. */
export const code_run_ms_min: number = 100;
export const code_programs_known_max: number = 1000;
/** What stands before the code in its file, its SHA-256: a page, so that the code can be mapped. */
export const code_header_bytes: number = 4096;

/** The shell for images that have none: how deep a script is nested, and commands call each other. */
export const shell_depth_max: number = 200;
/** What one pipe, line or command substitution holds. */
export const shell_pipe_bytes_max: number = 64 * 1024 * 1024;
/** A script that is read from a file. */
export const shell_script_bytes_max: number = 4 * 1024 * 1024;

/** Hooks of an OCI bundle that one phase may have. */
export const hooks_per_phase_max: number = 64;

/** What of a hook's output is kept for whoever is told that it failed. */
export const hook_output_bytes_max: number = 16_384;

/** The longest a hook may take that says how long it may take. */
export const hook_timeout_s_max: number = 86_400;

/** Mounts that a containerd may name for one root filesystem. */
export const mounts_per_rootfs_max: number = 16;

/** What mount(2) reads of its options. */
export const mount_data_bytes_max: number = 4096;

/** Events that wait for a containerd that is away. */
export const shim_events_waiting_max: number = 10_000;
/** How long a containerd may take for one. */
export const event_forward_ms_max: number = 5000;
/** The first wait before an event is forwarded again; each further one is twice as long, up to the other. */
export const event_retry_ms: number = 20;
export const event_retry_ms_max: number = 500;

/** How long a place in a shim is kept for a container that containerd has announced and not created. */
export const reservation_ms_max: number = 120_000;
/** How long a shim without containers stays for the next one of its containerd and namespace. */
export const shared_shim_idle_ms: number = 30_000;
/** Processes that hold namespaces, made ahead for the next containers; and how long after a start. */
export const standby_holders: number = 2;
export const holder_rest_ms: number = 200;
/** What a request at a shim's door may have. */
export const door_request_bytes_max: number = 16_384;

/** containerd's objects. */
/** A label, its name and value together. containerd's. */
export const label_bytes_max: number = 4096;
/** What one lease may hold. */
export const lease_resources_max: number = 10_000;
/** Of one filter. */
export const filter_characters_max: number = 8192;
/** Of a pattern in a filter, compiled, and of groups in each other. */
export const filter_pattern_depth_max: number = 100;
export const filter_pattern_steps_max: number = 2000;
/** Filters of one call. */
export const filters_per_call_max: number = 256;
/** How soon after a client deleted something what it referred to is collected. */
export const collection_delay_ms: number = 500;
/** What is younger is spared by such a collection. */
export const collection_spare_ms: number = 60_000;
/** The part of the time that such collections may take. containerd's. */
export const collection_share_max: number = 0.02;
/** An ingest that nobody holds and nobody writes goes after so long. containerd's. */
export const ingest_abandoned_ms: number = 24 * 60 * 60 * 1000;
/** Events that may wait for a subscriber before it is given up. */
export const events_waiting_max: number = 10_000;
/** And their payloads. */
export const events_waiting_bytes_max: number = 32 * 1024 * 1024;
/** Infos of one message of a list of content. containerd's. */
export const content_infos_per_message: number = 100;
/** Of one message of content that is read. containerd's. */
export const content_read_bytes_max: number = 1024 * 1024;
/** Namespaces whose views are kept at hand. */
export const namespace_views_max: number = 1000;
/** Paths of one field mask. */
export const field_paths_max: number = 4096;
/** Labels of one object. */
export const labels_max: number = 4096;
