-- Words of the texts, by span. Contentless: the texts themselves are in span_texts. `detail=none` keeps no positions: a search is for
-- words, and positions would make the index two and a half times as large. The words come folded and parted from search-text.ts, so
-- that index and question agree in every version of SQLite; the tokenizer only splits them.
CREATE VIRTUAL TABLE `spans_fts` USING fts5(`words`, content='', contentless_delete=1, detail=none, tokenize='ascii');
--> statement-breakpoint
-- Merges sixteen segments at a time and not four: each word is written anew less often, and a search opens a few segments more.
INSERT INTO `spans_fts` (`spans_fts`, `rank`) VALUES ('automerge', 16);
--> statement-breakpoint
-- Whoever deletes a span, for whatever reason, deletes all that belongs to it.
CREATE TRIGGER `spans_cascade` AFTER DELETE ON `spans` BEGIN
	DELETE FROM `span_texts` WHERE `seq` = old.`seq`;
	DELETE FROM `span_tags` WHERE `seq` = old.`seq`;
	DELETE FROM `actions` WHERE `seq` = old.`seq`;
	DELETE FROM `findings` WHERE `seq` = old.`seq`;
	DELETE FROM `spans_fts` WHERE `rowid` = old.`seq`;
END;
