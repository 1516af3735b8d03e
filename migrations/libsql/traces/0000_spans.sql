CREATE TABLE `actions` (
	`seq` integer NOT NULL,
	`position` real NOT NULL,
	`tenant_id` text NOT NULL,
	`action_type` text NOT NULL,
	`name` text NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`seq`, `position`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `actions_by_name` ON `actions` (`tenant_id`,`name`,`action_type`,`seq`);--> statement-breakpoint
CREATE TABLE `findings` (
	`seq` integer NOT NULL,
	`position` real NOT NULL,
	`tenant_id` text NOT NULL,
	`finding_type` text NOT NULL,
	`severity` text NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`seq`, `position`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `findings_by_type` ON `findings` (`tenant_id`,`finding_type`,`seq`,`severity`);--> statement-breakpoint
CREATE TABLE `span_tags` (
	`seq` integer NOT NULL,
	`tenant_id` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`seq`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `span_tags_by_value` ON `span_tags` (`tenant_id`,`key`,`value`,`seq`);--> statement-breakpoint
CREATE TABLE `span_texts` (
	`seq` integer PRIMARY KEY NOT NULL,
	`input` text NOT NULL,
	`output` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `spans` (
	`seq` integer PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`trace_id` text NOT NULL,
	`span_id` text NOT NULL,
	`parent_span_id` text,
	`project_id` text,
	`key_id` text,
	`agent_id` text,
	`user_id` text,
	`session_id` text,
	`operation_name` text NOT NULL,
	`provider` text NOT NULL,
	`model` text,
	`start_time` real NOT NULL,
	`duration_ms` real NOT NULL,
	`ttft_ms` real,
	`status` text NOT NULL,
	`status_code` real,
	`error_code` text,
	`input_tokens` real,
	`cache_read_tokens` real,
	`cache_write_tokens` real,
	`output_tokens` real,
	`reasoning_tokens` real,
	`cost_status` text NOT NULL,
	`cost_nano_usd` real,
	`security_score` real,
	`action_types` real NOT NULL,
	`details` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `spans_by_span_id` ON `spans` (`tenant_id`,`span_id`);--> statement-breakpoint
CREATE INDEX `spans_by_trace` ON `spans` (`tenant_id`,`trace_id`);--> statement-breakpoint
CREATE INDEX `spans_by_time` ON `spans` (`tenant_id`,`seq`,`trace_id`,`status`,`operation_name`,`duration_ms`,`cost_nano_usd`,`security_score`,`action_types`);--> statement-breakpoint
CREATE INDEX `spans_by_session` ON `spans` (`tenant_id`,`session_id`) WHERE "spans"."session_id" is not null;--> statement-breakpoint
CREATE INDEX `spans_by_user` ON `spans` (`tenant_id`,`user_id`) WHERE "spans"."user_id" is not null;--> statement-breakpoint
CREATE INDEX `spans_by_agent` ON `spans` (`tenant_id`,`agent_id`) WHERE "spans"."agent_id" is not null;--> statement-breakpoint
CREATE INDEX `spans_by_model` ON `spans` (`tenant_id`,`model`) WHERE "spans"."model" is not null;--> statement-breakpoint
CREATE INDEX `spans_by_provider` ON `spans` (`tenant_id`,`provider`);
