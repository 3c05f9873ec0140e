BEGIN TRANSACTION;
CREATE TABLE account_sessions (
	id INTEGER NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	account_id INTEGER NOT NULL, 
	waits_for_code BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	address VARCHAR, 
	browser VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (token_hash), 
	FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "account_sessions" VALUES(1,'token_hash № 1',1,0,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','address № 1','browser № 1');
INSERT INTO "account_sessions" VALUES(2,'token_hash № 2',2,1,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','address № 2','browser № 2');
INSERT INTO "account_sessions" VALUES(3,'token_hash № 3',3,0,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','address № 3','browser № 3');
CREATE TABLE accounts (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	email VARCHAR, 
	role VARCHAR NOT NULL, 
	password_hash VARCHAR, 
	subject VARCHAR, 
	totp_secret VARCHAR, 
	totp_confirmed_at DATETIME, 
	totp_step BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	signed_in_at DATETIME, 
	disabled_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE ("key"), 
	UNIQUE (email), 
	UNIQUE (subject)
);
INSERT INTO "accounts" VALUES(1,'name № 1','key № 1','email № 1','role № 1','password_hash № 1','subject № 1','totp_secret № 1','2025-03-01 12:30:15.250000',1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "accounts" VALUES(2,'name № 2','key № 2','email № 2','role № 2','password_hash № 2','subject № 2','totp_secret № 2','2025-03-02 12:30:15.250000',2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "accounts" VALUES(3,'name № 3','key № 3','email № 3','role № 3','password_hash № 3','subject № 3','totp_secret № 3','2025-03-03 12:30:15.250000',3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE alarms_told (
	name VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "alarms_told" VALUES('name № 1','2025-03-01 12:30:15.250000');
INSERT INTO "alarms_told" VALUES('name № 2','2025-03-02 12:30:15.250000');
INSERT INTO "alarms_told" VALUES('name № 3','2025-03-03 12:30:15.250000');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0016');
CREATE TABLE api_answers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_key_id INTEGER NOT NULL, 
	idempotency_key VARCHAR NOT NULL, 
	request_hash VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	owned_until DATETIME NOT NULL, 
	created_at DATETIME NOT NULL, 
	done JSON, 
	status INTEGER, 
	content_type VARCHAR, 
	body BLOB
);
INSERT INTO "api_answers" VALUES(1,1,'idempotency_key № 1','request_hash № 1','owner № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',1,'content_type № 1',X'626F647920E284962031');
INSERT INTO "api_answers" VALUES(2,2,'idempotency_key № 2','request_hash № 2','owner № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',2,'content_type № 2',X'626F647920E284962032');
INSERT INTO "api_answers" VALUES(3,3,'idempotency_key № 3','request_hash № 3','owner № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',3,'content_type № 3',X'626F647920E284962033');
CREATE TABLE api_keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	prefix VARCHAR NOT NULL, 
	secret_hash VARCHAR NOT NULL, 
	scopes JSON NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	last_used_at DATETIME, 
	revoked_at DATETIME, 
	UNIQUE (name), 
	UNIQUE (secret_hash)
);
INSERT INTO "api_keys" VALUES(1,'name № 1','prefix № 1','secret_hash № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','created_by № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "api_keys" VALUES(2,'name № 2','prefix № 2','secret_hash № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','created_by № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "api_keys" VALUES(3,'name № 3','prefix № 3','secret_hash № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','created_by № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE approvals (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message_id INTEGER NOT NULL, 
	people INTEGER NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	asked_by VARCHAR NOT NULL, 
	asked_as VARCHAR NOT NULL, 
	asked_account INTEGER, 
	asked_at DATETIME NOT NULL, 
	decision VARCHAR, 
	decided_by VARCHAR, 
	decided_account INTEGER, 
	decided_at DATETIME, 
	reason VARCHAR
);
INSERT INTO "approvals" VALUES(1,1,1,'fingerprint № 1','asked_by № 1','asked_as № 1',1,'2025-03-01 12:30:15.250000','decision № 1','decided_by № 1',1,'2025-03-01 12:30:15.250000','reason № 1');
INSERT INTO "approvals" VALUES(2,2,2,'fingerprint № 2','asked_by № 2','asked_as № 2',2,'2025-03-02 12:30:15.250000','decision № 2','decided_by № 2',2,'2025-03-02 12:30:15.250000','reason № 2');
INSERT INTO "approvals" VALUES(3,3,3,'fingerprint № 3','asked_by № 3','asked_as № 3',3,'2025-03-03 12:30:15.250000','decision № 3','decided_by № 3',3,'2025-03-03 12:30:15.250000','reason № 3');
CREATE TABLE archived_months (
	month VARCHAR NOT NULL, 
	file VARCHAR NOT NULL, 
	rows INTEGER NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	archived_at DATETIME NOT NULL, 
	PRIMARY KEY (month, file)
);
INSERT INTO "archived_months" VALUES('month № 1','file № 1',1,'sha256 № 1','2025-03-01 12:30:15.250000');
INSERT INTO "archived_months" VALUES('month № 2','file № 2',2,'sha256 № 2','2025-03-02 12:30:15.250000');
INSERT INTO "archived_months" VALUES('month № 3','file № 3',3,'sha256 № 3','2025-03-03 12:30:15.250000');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	entry_id INTEGER NOT NULL, 
	entries INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE audit_log (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	object_type VARCHAR, 
	object_id VARCHAR, 
	details JSON NOT NULL
, way VARCHAR, address VARCHAR, account_id INTEGER, previous_hash TEXT DEFAULT '' NOT NULL, hash TEXT DEFAULT '' NOT NULL);
INSERT INTO "audit_log" VALUES(1,'2025-03-01 12:30:15.250000','actor № 1','action № 1','object_type № 1','object_id № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','way № 1','address № 1',1,'previous_hash № 1','hash № 1');
INSERT INTO "audit_log" VALUES(2,'2025-03-02 12:30:15.250000','actor № 2','action № 2','object_type № 2','object_id № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','way № 2','address № 2',2,'previous_hash № 2','hash № 2');
INSERT INTO "audit_log" VALUES(3,'2025-03-03 12:30:15.250000','actor № 3','action № 3','object_type № 3','object_id № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','way № 3','address № 3',3,'previous_hash № 3','hash № 3');
CREATE TABLE bot_pace (
	bot_id BIGINT NOT NULL, 
	rate FLOAT NOT NULL, 
	next_departure FLOAT NOT NULL, 
	departures INTEGER NOT NULL, 
	not_before DATETIME, 
	held_seconds FLOAT NOT NULL, 
	refusals INTEGER NOT NULL, 
	rate_changed_at DATETIME, 
	trouble VARCHAR, 
	trouble_since DATETIME, 
	token_fingerprint VARCHAR, paid_refusal VARCHAR, paid_refused_at DATETIME, trouble_looks INTEGER DEFAULT '0' NOT NULL, trouble_look_at DATETIME, served_at DATETIME, 
	PRIMARY KEY (bot_id)
);
INSERT INTO "bot_pace" VALUES(1,1.5,1.5,1,'2025-03-01 12:30:15.250000',1.5,1,'2025-03-01 12:30:15.250000','trouble № 1','2025-03-01 12:30:15.250000','token_fingerprint № 1','paid_refusal № 1','2025-03-01 12:30:15.250000',1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "bot_pace" VALUES(2,2.5,2.5,2,'2025-03-02 12:30:15.250000',2.5,2,'2025-03-02 12:30:15.250000','trouble № 2','2025-03-02 12:30:15.250000','token_fingerprint № 2','paid_refusal № 2','2025-03-02 12:30:15.250000',2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "bot_pace" VALUES(3,3.5,3.5,3,'2025-03-03 12:30:15.250000',3.5,3,'2025-03-03 12:30:15.250000','trouble № 3','2025-03-03 12:30:15.250000','token_fingerprint № 3','paid_refusal № 3','2025-03-03 12:30:15.250000',3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE bots (
	bot_id BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	sealed_token TEXT, 
	in_use BOOLEAN NOT NULL, 
	added_at DATETIME NOT NULL, 
	removed_at DATETIME, 
	PRIMARY KEY (bot_id), 
	UNIQUE (name)
);
INSERT INTO "bots" VALUES(1,'name № 1','username № 1','sealed_token № 1',0,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "bots" VALUES(2,'name № 2','username № 2','sealed_token № 2',1,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "bots" VALUES(3,'name № 3','username № 3','sealed_token № 3',0,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE button_presses (
	message_id INTEGER NOT NULL, 
	user_id BIGINT NOT NULL, 
	button TEXT NOT NULL, 
	pressed_at DATETIME NOT NULL, 
	PRIMARY KEY (message_id, user_id, button)
);
INSERT INTO "button_presses" VALUES(1,1,'button № 1','2025-03-01 12:30:15.250000');
INSERT INTO "button_presses" VALUES(2,2,'button № 2','2025-03-02 12:30:15.250000');
INSERT INTO "button_presses" VALUES(3,3,'button № 3','2025-03-03 12:30:15.250000');
CREATE TABLE draft_presence (
	draft_id INTEGER NOT NULL, 
	place VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	beat_at DATETIME NOT NULL, 
	PRIMARY KEY (draft_id, place)
);
INSERT INTO "draft_presence" VALUES(1,'place № 1','author № 1','2025-03-01 12:30:15.250000');
INSERT INTO "draft_presence" VALUES(2,'place № 2','author № 2','2025-03-02 12:30:15.250000');
INSERT INTO "draft_presence" VALUES(3,'place № 3','author № 3','2025-03-03 12:30:15.250000');
CREATE TABLE draft_versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	draft_id INTEGER NOT NULL, 
	content JSON NOT NULL, 
	author VARCHAR NOT NULL, 
	made_at DATETIME NOT NULL
);
INSERT INTO "draft_versions" VALUES(1,1,'{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','author № 1','2025-03-01 12:30:15.250000');
INSERT INTO "draft_versions" VALUES(2,2,'{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','author № 2','2025-03-02 12:30:15.250000');
INSERT INTO "draft_versions" VALUES(3,3,'{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','author № 3','2025-03-03 12:30:15.250000');
CREATE TABLE drafts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	author VARCHAR NOT NULL, 
	content JSON NOT NULL, 
	audience JSON, 
	"plan" JSON NOT NULL, 
	follows_message_id INTEGER, 
	revision INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL
, edits_message_id INTEGER, saved_by VARCHAR);
INSERT INTO "drafts" VALUES(1,'author № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',1,1,'2025-03-01 12:30:15.250000',1,'saved_by № 1');
INSERT INTO "drafts" VALUES(2,'author № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',2,2,'2025-03-02 12:30:15.250000',2,'saved_by № 2');
INSERT INTO "drafts" VALUES(3,'author № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',3,3,'2025-03-03 12:30:15.250000',3,'saved_by № 3');
CREATE TABLE enrollments (
	user_id BIGINT NOT NULL, 
	course_stream VARCHAR NOT NULL, 
	status VARCHAR, 
	enrolled_at DATETIME, 
	PRIMARY KEY (user_id, course_stream)
);
INSERT INTO "enrollments" VALUES(1,'course_stream № 1','status № 1','2025-03-01 12:30:15.250000');
INSERT INTO "enrollments" VALUES(2,'course_stream № 2','status № 2','2025-03-02 12:30:15.250000');
INSERT INTO "enrollments" VALUES(3,'course_stream № 3','status № 3','2025-03-03 12:30:15.250000');
CREATE TABLE experiments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	salt VARCHAR NOT NULL, 
	audience JSON NOT NULL, 
	arms JSON NOT NULL, 
	created_at DATETIME NOT NULL
);
INSERT INTO "experiments" VALUES(1,'name № 1','author № 1','salt № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','2025-03-01 12:30:15.250000');
INSERT INTO "experiments" VALUES(2,'name № 2','author № 2','salt № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','2025-03-02 12:30:15.250000');
INSERT INTO "experiments" VALUES(3,'name № 3','author № 3','salt № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','2025-03-03 12:30:15.250000');
CREATE TABLE forgotten_key (
	id INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "forgotten_key" VALUES(1,'key № 1');
INSERT INTO "forgotten_key" VALUES(2,'key № 2');
INSERT INTO "forgotten_key" VALUES(3,'key № 3');
CREATE TABLE forgotten_people (
	fingerprint VARCHAR NOT NULL, 
	forgotten_at DATETIME NOT NULL, 
	forgotten_by VARCHAR NOT NULL, 
	PRIMARY KEY (fingerprint)
);
INSERT INTO "forgotten_people" VALUES('fingerprint № 1','2025-03-01 12:30:15.250000','forgotten_by № 1');
INSERT INTO "forgotten_people" VALUES('fingerprint № 2','2025-03-02 12:30:15.250000','forgotten_by № 2');
INSERT INTO "forgotten_people" VALUES('fingerprint № 3','2025-03-03 12:30:15.250000','forgotten_by № 3');
CREATE TABLE media_files (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	bot_id BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	file_id TEXT NOT NULL, 
	name VARCHAR NOT NULL, 
	size BIGINT, 
	mime VARCHAR, 
	width INTEGER, 
	height INTEGER, 
	duration INTEGER, 
	thumbnail TEXT, 
	sha256 VARCHAR, 
	chat_id BIGINT, 
	message_id BIGINT, 
	uploaded_by VARCHAR NOT NULL, 
	uploaded_at DATETIME NOT NULL, 
	removed_at DATETIME
);
INSERT INTO "media_files" VALUES(1,1,'kind № 1','file_id № 1','name № 1',1,'mime № 1',1,1,1,'thumbnail № 1','sha256 № 1',1,1,'uploaded_by № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "media_files" VALUES(2,2,'kind № 2','file_id № 2','name № 2',2,'mime № 2',2,2,2,'thumbnail № 2','sha256 № 2',2,2,'uploaded_by № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "media_files" VALUES(3,3,'kind № 3','file_id № 3','name № 3',3,'mime № 3',3,3,3,'thumbnail № 3','sha256 № 3',3,3,'uploaded_by № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE message_history (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message_text TEXT NOT NULL, 
	message_type TEXT, 
	file_id VARCHAR, 
	buttons JSON NOT NULL, 
	options JSON NOT NULL, 
	author VARCHAR NOT NULL, 
	bot_id BIGINT NOT NULL, 
	status TEXT, 
	status_reason VARCHAR, 
	recipient_type TEXT NOT NULL, 
	recipient_group VARCHAR, 
	audience JSON, 
	audience_mode TEXT, 
	audience_at_creation INTEGER NOT NULL, 
	follows_message_id INTEGER, 
	created_at DATETIME NOT NULL, 
	scheduled_at DATETIME NOT NULL, 
	late_limit FLOAT, 
	started_at DATETIME, 
	finished_at DATETIME, 
	sent_at DATETIME, 
	total_recipients INTEGER NOT NULL, 
	successful_deliveries INTEGER NOT NULL, 
	failed_deliveries INTEGER NOT NULL, 
	uncertain_deliveries INTEGER NOT NULL, 
	cancelled_deliveries INTEGER NOT NULL, 
	deleted_deliveries INTEGER NOT NULL
, version INTEGER DEFAULT '1' NOT NULL, action TEXT DEFAULT 'send' NOT NULL, target_message_id INTEGER, rule_id INTEGER, keep_quiet BOOLEAN DEFAULT 0 NOT NULL, left_out JSON DEFAULT '{}' NOT NULL, experiment_id INTEGER, arm VARCHAR, archived_at DATETIME, translations JSON, take_back_until DATETIME, taken_back_at DATETIME, written_as JSON);
INSERT INTO "message_history" VALUES(1,'message_text № 1','message_type № 1','file_id № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','author № 1',1,'status № 1','status_reason № 1','recipient_type № 1','recipient_group № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','audience_mode № 1',1,1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000',1.5,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000',1,1,1,1,1,1,1,'action № 1',1,1,0,'{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',1,'arm № 1','2025-03-01 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}');
INSERT INTO "message_history" VALUES(2,'message_text № 2','message_type № 2','file_id № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','author № 2',2,'status № 2','status_reason № 2','recipient_type № 2','recipient_group № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','audience_mode № 2',2,2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000',2.5,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000',2,2,2,2,2,2,2,'action № 2',2,2,1,'{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',2,'arm № 2','2025-03-02 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}');
INSERT INTO "message_history" VALUES(3,'message_text № 3','message_type № 3','file_id № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','author № 3',3,'status № 3','status_reason № 3','recipient_type № 3','recipient_group № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','audience_mode № 3',3,3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000',3.5,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000',3,3,3,3,3,3,3,'action № 3',3,3,0,'{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',3,'arm № 3','2025-03-03 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}');
CREATE TABLE message_preparations (
	message_id INTEGER NOT NULL, 
	beat_at DATETIME NOT NULL, 
	PRIMARY KEY (message_id)
);
INSERT INTO "message_preparations" VALUES(1,'2025-03-01 12:30:15.250000');
INSERT INTO "message_preparations" VALUES(2,'2025-03-02 12:30:15.250000');
INSERT INTO "message_preparations" VALUES(3,'2025-03-03 12:30:15.250000');
CREATE TABLE message_recipients (
	id INTEGER NOT NULL, 
	message_id INTEGER NOT NULL, 
	user_id BIGINT NOT NULL, 
	username VARCHAR, 
	delivery_status TEXT NOT NULL, 
	telegram_message_id BIGINT, 
	reason VARCHAR, 
	error_code INTEGER, 
	error_description VARCHAR, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME, 
	lease_owner VARCHAR, 
	sending_at DATETIME, 
	sent_at DATETIME, version INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "message_recipients" VALUES(1,1,1,'username № 1','delivery_status № 1',1,'reason № 1',1,'error_description № 1',1,'2025-03-01 12:30:15.250000','lease_owner № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000',1);
INSERT INTO "message_recipients" VALUES(2,2,2,'username № 2','delivery_status № 2',2,'reason № 2',2,'error_description № 2',2,'2025-03-02 12:30:15.250000','lease_owner № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000',2);
INSERT INTO "message_recipients" VALUES(3,3,3,'username № 3','delivery_status № 3',3,'reason № 3',3,'error_description № 3',3,'2025-03-03 12:30:15.250000','lease_owner № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000',3);
CREATE TABLE message_templates (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	name VARCHAR NOT NULL, 
	name_key VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	content JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL
);
INSERT INTO "message_templates" VALUES(1,'kind № 1','name № 1','name_key № 1','author № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "message_templates" VALUES(2,'kind № 2','name № 2','name_key № 2','author № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "message_templates" VALUES(3,'kind № 3','name № 3','name_key № 3','author № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE message_versions (
	message_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	content JSON NOT NULL, 
	replaced_at DATETIME NOT NULL, 
	replaced_by VARCHAR NOT NULL, 
	PRIMARY KEY (message_id, version)
);
INSERT INTO "message_versions" VALUES(1,1,'{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','2025-03-01 12:30:15.250000','replaced_by № 1');
INSERT INTO "message_versions" VALUES(2,2,'{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','2025-03-02 12:30:15.250000','replaced_by № 2');
INSERT INTO "message_versions" VALUES(3,3,'{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','2025-03-03 12:30:15.250000','replaced_by № 3');
CREATE TABLE recovery_codes (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	code_hash VARCHAR NOT NULL, 
	used_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "recovery_codes" VALUES(1,1,'code_hash № 1','2025-03-01 12:30:15.250000');
INSERT INTO "recovery_codes" VALUES(2,2,'code_hash № 2','2025-03-02 12:30:15.250000');
INSERT INTO "recovery_codes" VALUES(3,3,'code_hash № 3','2025-03-03 12:30:15.250000');
CREATE TABLE recurring_messages (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	author VARCHAR NOT NULL, 
	content JSON NOT NULL, 
	audience JSON NOT NULL, 
	weekdays JSON NOT NULL, 
	local_time VARCHAR NOT NULL, 
	zone VARCHAR NOT NULL, 
	until VARCHAR, 
	late_limit FLOAT, 
	keep_quiet BOOLEAN NOT NULL, 
	next_at DATETIME, 
	created_at DATETIME NOT NULL, 
	stopped_at DATETIME, 
	stopped_reason VARCHAR
);
INSERT INTO "recurring_messages" VALUES(1,'author № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','local_time № 1','zone № 1','until № 1',1.5,0,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','stopped_reason № 1');
INSERT INTO "recurring_messages" VALUES(2,'author № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','local_time № 2','zone № 2','until № 2',2.5,1,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','stopped_reason № 2');
INSERT INTO "recurring_messages" VALUES(3,'author № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','local_time № 3','zone № 3','until № 3',3.5,0,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','stopped_reason № 3');
CREATE TABLE segment_members (
	segment_id INTEGER NOT NULL, 
	user_id BIGINT NOT NULL, 
	PRIMARY KEY (segment_id, user_id)
);
INSERT INTO "segment_members" VALUES(1,1);
INSERT INTO "segment_members" VALUES(2,2);
INSERT INTO "segment_members" VALUES(3,3);
CREATE TABLE segment_sizes (
	segment_id INTEGER NOT NULL, 
	day VARCHAR NOT NULL, 
	people INTEGER NOT NULL, 
	PRIMARY KEY (segment_id, day)
);
INSERT INTO "segment_sizes" VALUES(1,'day № 1',1);
INSERT INTO "segment_sizes" VALUES(2,'day № 2',2);
INSERT INTO "segment_sizes" VALUES(3,'day № 3',3);
CREATE TABLE segments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	description VARCHAR NOT NULL, 
	cohort JSON NOT NULL, 
	mode TEXT NOT NULL, 
	is_exclusion BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "segments" VALUES(1,'name № 1','owner № 1','description № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','mode № 1',0,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "segments" VALUES(2,'name № 2','owner № 2','description № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','mode № 2',1,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "segments" VALUES(3,'name № 3','owner № 3','description № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','mode № 3',0,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE selection_entries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	author VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	cohort JSON NOT NULL, 
	excluded BOOLEAN NOT NULL, 
	added_at DATETIME NOT NULL
);
INSERT INTO "selection_entries" VALUES(1,'author № 1','label № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',0,'2025-03-01 12:30:15.250000');
INSERT INTO "selection_entries" VALUES(2,'author № 2','label № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',1,'2025-03-02 12:30:15.250000');
INSERT INTO "selection_entries" VALUES(3,'author № 3','label № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',0,'2025-03-03 12:30:15.250000');
CREATE TABLE set_up_links (
	id INTEGER NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	account_id INTEGER, 
	made_by VARCHAR NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (token_hash), 
	FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "set_up_links" VALUES(1,'token_hash № 1',1,'made_by № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "set_up_links" VALUES(2,'token_hash № 2',2,'made_by № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "set_up_links" VALUES(3,'token_hash № 3',3,'made_by № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE sign_in_attempts (
	subject VARCHAR NOT NULL, 
	failures INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	locked_until DATETIME, 
	PRIMARY KEY (subject)
);
INSERT INTO "sign_in_attempts" VALUES('subject № 1',1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "sign_in_attempts" VALUES('subject № 2',2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "sign_in_attempts" VALUES('subject № 3',3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE source_places (
	source_id INTEGER NOT NULL, 
	user_id BIGINT NOT NULL, 
	course_stream VARCHAR NOT NULL, 
	run_id INTEGER NOT NULL, 
	PRIMARY KEY (source_id, user_id, course_stream)
);
INSERT INTO "source_places" VALUES(1,1,'course_stream № 1',1);
INSERT INTO "source_places" VALUES(2,2,'course_stream № 2',2);
INSERT INTO "source_places" VALUES(3,3,'course_stream № 3',3);
CREATE TABLE source_runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source_id INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	added INTEGER NOT NULL, 
	updated INTEGER NOT NULL, 
	unchanged INTEGER NOT NULL, 
	left_streams INTEGER NOT NULL, 
	rejected INTEGER NOT NULL, 
	rejects_file VARCHAR, 
	error TEXT
, places INTEGER);
INSERT INTO "source_runs" VALUES(1,1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000',1,1,1,1,1,'rejects_file № 1','error № 1',1);
INSERT INTO "source_runs" VALUES(2,2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000',2,2,2,2,2,'rejects_file № 2','error № 2',2);
INSERT INTO "source_runs" VALUES(3,3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000',3,3,3,3,3,'rejects_file № 3','error № 3',3);
CREATE TABLE sources (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	address TEXT NOT NULL, 
	"query" TEXT, 
	mapping JSON NOT NULL, 
	every_minutes INTEGER, 
	mark_left BOOLEAN NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	next_run_at DATETIME, 
	UNIQUE (name)
);
INSERT INTO "sources" VALUES(1,'name № 1','kind № 1','address № 1','query № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',1,0,'created_by № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "sources" VALUES(2,'name № 2','kind № 2','address № 2','query № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',2,1,'created_by № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "sources" VALUES(3,'name № 3','kind № 3','address № 3','query № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',3,0,'created_by № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE suppressions (
	user_id BIGINT NOT NULL, 
	reason VARCHAR NOT NULL, 
	marked_by VARCHAR NOT NULL, 
	marked_at DATETIME NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "suppressions" VALUES(1,'reason № 1','marked_by № 1','2025-03-01 12:30:15.250000');
INSERT INTO "suppressions" VALUES(2,'reason № 2','marked_by № 2','2025-03-02 12:30:15.250000');
INSERT INTO "suppressions" VALUES(3,'reason № 3','marked_by № 3','2025-03-03 12:30:15.250000');
CREATE TABLE test_recipients (
	author VARCHAR NOT NULL, 
	user_id BIGINT NOT NULL, 
	added_at DATETIME NOT NULL, 
	PRIMARY KEY (author, user_id)
);
INSERT INTO "test_recipients" VALUES('author № 1',1,'2025-03-01 12:30:15.250000');
INSERT INTO "test_recipients" VALUES('author № 2',2,'2025-03-02 12:30:15.250000');
INSERT INTO "test_recipients" VALUES('author № 3',3,'2025-03-03 12:30:15.250000');
CREATE TABLE users (
	user_id BIGINT NOT NULL, 
	username VARCHAR, 
	first_name VARCHAR, 
	last_name VARCHAR, 
	language_code VARCHAR, 
	registered_at DATETIME, 
	attributes JSON NOT NULL, 
	unreachable_reason VARCHAR, 
	unreachable_since DATETIME, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "users" VALUES(1,'username № 1','first_name № 1','last_name № 1','language_code № 1','2025-03-01 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}','unreachable_reason № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "users" VALUES(2,'username № 2','first_name № 2','last_name № 2','language_code № 2','2025-03-02 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}','unreachable_reason № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "users" VALUES(3,'username № 3','first_name № 3','last_name № 3','language_code № 3','2025-03-03 12:30:15.250000','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}','unreachable_reason № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE TABLE webhook_deliveries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	webhook_id INTEGER NOT NULL, 
	event_id VARCHAR NOT NULL, 
	event VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	attempts BIGINT NOT NULL, 
	delivered_at DATETIME, 
	finished_at DATETIME, 
	last_error TEXT
);
INSERT INTO "webhook_deliveries" VALUES(1,1,'event_id № 1','event № 1','body № 1','2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000',1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000','last_error № 1');
INSERT INTO "webhook_deliveries" VALUES(2,2,'event_id № 2','event № 2','body № 2','2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000',2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000','last_error № 2');
INSERT INTO "webhook_deliveries" VALUES(3,3,'event_id № 3','event № 3','body № 3','2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000',3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000','last_error № 3');
CREATE TABLE webhooks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	address TEXT NOT NULL, 
	sealed_secret TEXT NOT NULL, 
	events JSON NOT NULL, 
	active BOOLEAN NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	trouble TEXT, 
	trouble_since DATETIME
);
INSERT INTO "webhooks" VALUES(1,'address № 1','sealed_secret № 1','{"name": "\u041a\u0438\u043d\u043e", "number": 1, "list": [1, 2.5, null]}',0,'created_by № 1','2025-03-01 12:30:15.250000','trouble № 1','2025-03-01 12:30:15.250000');
INSERT INTO "webhooks" VALUES(2,'address № 2','sealed_secret № 2','{"name": "\u041a\u0438\u043d\u043e", "number": 2, "list": [1, 2.5, null]}',1,'created_by № 2','2025-03-02 12:30:15.250000','trouble № 2','2025-03-02 12:30:15.250000');
INSERT INTO "webhooks" VALUES(3,'address № 3','sealed_secret № 3','{"name": "\u041a\u0438\u043d\u043e", "number": 3, "list": [1, 2.5, null]}',0,'created_by № 3','2025-03-03 12:30:15.250000','trouble № 3','2025-03-03 12:30:15.250000');
CREATE TABLE workers (
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	beat_at DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "workers" VALUES('name № 1','kind № 1','host № 1',1,'2025-03-01 12:30:15.250000','2025-03-01 12:30:15.250000');
INSERT INTO "workers" VALUES('name № 2','kind № 2','host № 2',2,'2025-03-02 12:30:15.250000','2025-03-02 12:30:15.250000');
INSERT INTO "workers" VALUES('name № 3','kind № 3','host № 3',3,'2025-03-03 12:30:15.250000','2025-03-03 12:30:15.250000');
CREATE INDEX ix_audit_log_action ON audit_log (action);
CREATE INDEX ix_audit_log_actor ON audit_log (actor);
CREATE INDEX ix_audit_log_at ON audit_log (at);
CREATE INDEX ix_drafts_author ON drafts (author);
CREATE INDEX ix_enrollments_course_stream ON enrollments (course_stream);
CREATE INDEX ix_message_history_created_at ON message_history (created_at);
CREATE INDEX ix_message_history_due ON message_history (status, scheduled_at);
CREATE INDEX ix_message_recipients_queue ON message_recipients (message_id, delivery_status, next_attempt_at);
CREATE INDEX ix_message_recipients_user ON message_recipients (user_id);
CREATE UNIQUE INDEX ux_message_recipients_once ON message_recipients (message_id, user_id);
CREATE INDEX ix_selection_entries_author ON selection_entries (author);
CREATE INDEX ix_users_updated_at ON users (updated_at);
CREATE INDEX ix_users_username ON users (username);
CREATE INDEX ix_workers_beat_at ON workers (beat_at);
CREATE INDEX ix_message_history_rule_id ON message_history (rule_id);
CREATE INDEX ix_message_recipients_left ON message_recipients (sending_at, message_id) WHERE sending_at IS NOT NULL;
CREATE INDEX ix_recurring_messages_next_at ON recurring_messages (next_at);
CREATE INDEX ix_message_recipients_sending ON message_recipients (lease_owner) WHERE delivery_status = 'sending';
CREATE INDEX ix_button_presses_user_id ON button_presses (user_id);
CREATE INDEX ix_source_runs_source_id ON source_runs (source_id);
CREATE INDEX ix_sources_next_run_at ON sources (next_run_at);
CREATE INDEX ix_message_history_experiment_id ON message_history (experiment_id);
CREATE UNIQUE INDEX ux_media_files_file_id ON media_files (bot_id, file_id);
CREATE UNIQUE INDEX ux_media_files_sha256 ON media_files (bot_id, sha256, kind);
CREATE UNIQUE INDEX ux_message_templates_name ON message_templates (kind, name_key);
CREATE INDEX ix_draft_versions_draft_id ON draft_versions (draft_id);
CREATE INDEX ix_account_sessions_account_id ON account_sessions (account_id);
CREATE INDEX ix_recovery_codes_account_id ON recovery_codes (account_id);
CREATE INDEX ix_set_up_links_account_id ON set_up_links (account_id);
CREATE INDEX ix_approvals_message_id ON approvals (message_id);
CREATE UNIQUE INDEX ux_api_answers_key ON api_answers (api_key_id, idempotency_key);
CREATE INDEX ix_api_answers_created_at ON api_answers (created_at);
CREATE INDEX ix_webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (finished_at, next_attempt_at);
CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit is only added to: its entries are never changed or removed'); END;
CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit is only added to: its entries are never changed or removed'); END;
CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head WHEN NEW.entries <= OLD.entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to: its entries are never changed or removed'); END;
CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the audit is only added to: its entries are never changed or removed'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('api_answers',3);
INSERT INTO "sqlite_sequence" VALUES('api_keys',3);
INSERT INTO "sqlite_sequence" VALUES('approvals',3);
INSERT INTO "sqlite_sequence" VALUES('audit_log',3);
INSERT INTO "sqlite_sequence" VALUES('draft_versions',3);
INSERT INTO "sqlite_sequence" VALUES('drafts',3);
INSERT INTO "sqlite_sequence" VALUES('experiments',3);
INSERT INTO "sqlite_sequence" VALUES('media_files',3);
INSERT INTO "sqlite_sequence" VALUES('message_history',3);
INSERT INTO "sqlite_sequence" VALUES('message_templates',3);
INSERT INTO "sqlite_sequence" VALUES('recurring_messages',3);
INSERT INTO "sqlite_sequence" VALUES('segments',3);
INSERT INTO "sqlite_sequence" VALUES('selection_entries',3);
INSERT INTO "sqlite_sequence" VALUES('source_runs',3);
INSERT INTO "sqlite_sequence" VALUES('sources',3);
INSERT INTO "sqlite_sequence" VALUES('webhook_deliveries',3);
INSERT INTO "sqlite_sequence" VALUES('webhooks',3);
COMMIT;
