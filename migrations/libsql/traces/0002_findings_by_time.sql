ALTER TABLE `findings` ADD `category` text;--> statement-breakpoint
ALTER TABLE `findings` ADD `confidence` real;--> statement-breakpoint
-- What is there already says both in its JSON.
UPDATE `findings` SET `category` = json_extract(`data`, '$.category'), `confidence` = json_extract(`data`, '$.confidence');--> statement-breakpoint
CREATE INDEX `findings_by_time` ON `findings` (`tenant_id`,`seq`,`position`,`severity`,`confidence`,`category`);
