BEGIN TRANSACTION;
CREATE TABLE account (
	id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (id)
);
INSERT INTO "account" VALUES(1,1767270615123456);
INSERT INTO "account" VALUES(2,1767357015123456);
CREATE TABLE account_metrics (
	account_id INTEGER NOT NULL, 
	parent_id INTEGER, 
	measured BLOB NOT NULL, 
	described TEXT NOT NULL, 
	booked TEXT NOT NULL, 
	CONSTRAINT pk_account_metrics PRIMARY KEY (account_id), 
	CONSTRAINT fk_account_metrics_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);
INSERT INTO "account_metrics" VALUES(1,1,X'007FFF01','described 1','booked 1');
INSERT INTO "account_metrics" VALUES(2,NULL,X'007FFF02','described 2','booked 2');
CREATE TABLE "account_note" (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	author TEXT NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	ended_by TEXT, 
	home_id INTEGER, 
	CONSTRAINT pk_account_note PRIMARY KEY (id), 
	CONSTRAINT fk_account_note_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_account_note_home_id FOREIGN KEY(home_id) REFERENCES account (id)
);
INSERT INTO "account_note" VALUES(1,1,'text 1','author 1',1767270615123456,1767270615123456,'ended_by 1',1);
INSERT INTO "account_note" VALUES(2,2,'text 2','author 2',1767357015123456,NULL,NULL,NULL);
CREATE TABLE "account_profile" (
	account_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	domain TEXT, 
	owner TEXT, 
	"plan" TEXT, 
	industry TEXT, 
	region TEXT, 
	employees BIGINT, 
	lifecycle_stage TEXT, 
	parent_account_id INTEGER, 
	customer_since BIGINT, 
	renewal_at BIGINT, 
	churned_at BIGINT, 
	mrr BIGINT, 
	custom JSON NOT NULL, 
	origins JSON NOT NULL, 
	CONSTRAINT pk_account_current PRIMARY KEY (account_id), 
	CONSTRAINT fk_account_current_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_account_current_parent_account_id FOREIGN KEY(parent_account_id) REFERENCES account (id)
);
INSERT INTO "account_profile" VALUES(1,'name 1','domain 1','owner 1','plan 1','industry 1','region 1',1,'lifecycle_stage 1',1,1767270615123456,1767270615123456,1767270615123456,1,'["custom 1"]','["origins 1"]');
INSERT INTO "account_profile" VALUES(2,'name 2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'["custom 2"]','["origins 2"]');
CREATE TABLE "account_target" (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	score DOUBLE NOT NULL, 
	due INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	reason TEXT, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	ended_by TEXT, 
	home_id INTEGER, 
	CONSTRAINT pk_account_target PRIMARY KEY (id), 
	CONSTRAINT fk_account_target_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_account_target_home_id FOREIGN KEY(home_id) REFERENCES account (id)
);
INSERT INTO "account_target" VALUES(1,1,1.5,20454,'owner 1','reason 1',1767270615123456,1767270615123456,'ended_by 1',1);
INSERT INTO "account_target" VALUES(2,2,2.5,20455,'owner 2',NULL,1767357015123456,NULL,NULL,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0015');
CREATE TABLE api_token (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	hash BLOB NOT NULL, 
	scopes JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, row_scope JSON, 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT uq_api_token_prefix UNIQUE (prefix)
);
INSERT INTO "api_token" VALUES(1,'name 1','prefix 1',X'007FFF01','["scopes 1"]',1767270615123456,1767270615123456,1767270615123456,'["row_scope 1"]');
INSERT INTO "api_token" VALUES(2,'name 2','prefix 2',X'007FFF02','["scopes 2"]',1767357015123456,NULL,NULL,NULL);
CREATE TABLE connection (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	connector TEXT NOT NULL, 
	identity JSON, 
	priority INTEGER NOT NULL, 
	anchor BOOLEAN NOT NULL, 
	provides JSON NOT NULL, 
	state TEXT NOT NULL, 
	state_since BIGINT NOT NULL, 
	message TEXT, 
	paused_until BIGINT, 
	removed_at BIGINT, 
	CONSTRAINT pk_connection PRIMARY KEY (id), 
	CONSTRAINT uq_connection_name UNIQUE (name)
);
INSERT INTO "connection" VALUES(1,'name 1','connector 1','["identity 1"]',1,1,'["provides 1"]','state 1',1767270615123456,'message 1',1767270615123456,1767270615123456);
INSERT INTO "connection" VALUES(2,'name 2','connector 2',NULL,2,0,'["provides 2"]','state 2',1767357015123456,NULL,NULL,NULL);
CREATE TABLE connection_past (
	connection_id INTEGER NOT NULL, 
	known_to BIGINT NOT NULL, 
	known_from BIGINT, 
	state TEXT NOT NULL, 
	message TEXT, 
	provides JSON NOT NULL, 
	configured BOOLEAN NOT NULL, 
	CONSTRAINT pk_connection_past PRIMARY KEY (connection_id, known_to), 
	CONSTRAINT fk_connection_past_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "connection_past" VALUES(1,1767270615123456,1767270615123456,'state 1','message 1','["provides 1"]',1);
INSERT INTO "connection_past" VALUES(2,1767357015123456,NULL,'state 2',NULL,'["provides 2"]',0);
CREATE TABLE erased_key (
	hash BLOB NOT NULL, 
	erasure_id INTEGER NOT NULL, 
	CONSTRAINT pk_erased_key PRIMARY KEY (hash), 
	CONSTRAINT fk_erased_key_erasure_id FOREIGN KEY(erasure_id) REFERENCES erasure (id)
);
INSERT INTO "erased_key" VALUES(X'007FFF01',1);
INSERT INTO "erased_key" VALUES(X'007FFF02',2);
CREATE TABLE erasure (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	author TEXT NOT NULL, 
	reason TEXT, 
	at BIGINT NOT NULL, 
	removed JSON NOT NULL, 
	released_at BIGINT, 
	released_by TEXT, 
	CONSTRAINT pk_erasure PRIMARY KEY (id)
);
INSERT INTO "erasure" VALUES(1,'kind 1','author 1','reason 1',1767270615123456,'["removed 1"]',1767270615123456,'released_by 1');
INSERT INTO "erasure" VALUES(2,'kind 2','author 2',NULL,1767357015123456,'["removed 2"]',NULL,NULL);
CREATE TABLE fact_account (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	name TEXT, 
	domains JSON NOT NULL, 
	emails JSON NOT NULL, 
	"references" JSON NOT NULL, 
	owner TEXT, 
	parent TEXT, 
	"plan" TEXT, 
	industry TEXT, 
	region TEXT, 
	employees BIGINT, 
	lifecycle_stage TEXT, 
	created_at BIGINT, 
	customer_since BIGINT, 
	renewal_at BIGINT, 
	churned_at BIGINT, 
	custom JSON NOT NULL, 
	CONSTRAINT pk_fact_account PRIMARY KEY (id), 
	CONSTRAINT fk_fact_account_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_account_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_account" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','name 1','["domains 1"]','["emails 1"]','["references 1"]','owner 1','parent 1','plan 1','industry 1','region 1',1,'lifecycle_stage 1',1767270615123456,1767270615123456,1767270615123456,1767270615123456,'["custom 1"]');
INSERT INTO "fact_account" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,'["domains 2"]','["emails 2"]','["references 2"]',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'["custom 2"]');
CREATE TABLE fact_activity (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	kind TEXT NOT NULL, 
	direction TEXT, 
	at BIGINT NOT NULL, 
	subject TEXT, 
	contact TEXT, 
	CONSTRAINT pk_fact_activity PRIMARY KEY (id), 
	CONSTRAINT fk_fact_activity_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_activity_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_activity" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','kind 1','direction 1',1767270615123456,'subject 1','contact 1');
INSERT INTO "fact_activity" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'kind 2',NULL,1767357015123456,NULL,NULL);
CREATE TABLE fact_change (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	record TEXT NOT NULL, 
	fact_id BIGINT NOT NULL
);
INSERT INTO "fact_change" VALUES(1,'record 1',1);
INSERT INTO "fact_change" VALUES(2,'record 2',2);
CREATE TABLE fact_contact (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	email TEXT, 
	name TEXT, 
	role TEXT, 
	active BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_fact_contact PRIMARY KEY (id), 
	CONSTRAINT fk_fact_contact_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_contact_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_contact" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','email 1','name 1','role 1',1,1767270615123456);
INSERT INTO "fact_contact" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,NULL,NULL,0,1767357015123456);
CREATE TABLE fact_invoice (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	number TEXT, 
	issued_at BIGINT NOT NULL, 
	due_at BIGINT, 
	paid_at BIGINT, 
	voided_at BIGINT, 
	amount BIGINT NOT NULL, 
	services_amount BIGINT NOT NULL, 
	training_amount BIGINT NOT NULL, 
	currency TEXT NOT NULL, 
	attempts BIGINT NOT NULL, 
	CONSTRAINT pk_fact_invoice PRIMARY KEY (id), 
	CONSTRAINT fk_fact_invoice_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_invoice_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_invoice" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','number 1',1767270615123456,1767270615123456,1767270615123456,1767270615123456,1,1,1,'currency 1',1);
INSERT INTO "fact_invoice" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,1767357015123456,NULL,NULL,NULL,2,2,2,'currency 2',2);
CREATE TABLE fact_opportunity (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	name TEXT, 
	kind TEXT NOT NULL, 
	stage TEXT, 
	amount BIGINT, 
	currency TEXT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	closes_at BIGINT, 
	closed_at BIGINT, 
	won BOOLEAN, services_amount BIGINT, training_amount BIGINT, 
	CONSTRAINT pk_fact_opportunity PRIMARY KEY (id), 
	CONSTRAINT fk_fact_opportunity_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_opportunity_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_opportunity" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','name 1','kind 1','stage 1',1,'currency 1',1767270615123456,1767270615123456,1767270615123456,1,1,1);
INSERT INTO "fact_opportunity" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,'kind 2',NULL,NULL,'currency 2',1767357015123456,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE fact_opportunity_change (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	opportunity TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	days BIGINT, 
	amount_delta BIGINT, 
	currency TEXT NOT NULL, 
	CONSTRAINT pk_fact_opportunity_change PRIMARY KEY (id), 
	CONSTRAINT fk_fact_opportunity_change_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_opportunity_change_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_opportunity_change" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','opportunity 1','kind 1',1767270615123456,'before 1','after 1',1,1,'currency 1');
INSERT INTO "fact_opportunity_change" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'opportunity 2','kind 2',1767357015123456,NULL,NULL,NULL,NULL,'currency 2');
CREATE TABLE fact_outcome (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	amount BIGINT, 
	currency TEXT, author TEXT, 
	CONSTRAINT pk_fact_outcome PRIMARY KEY (id), 
	CONSTRAINT fk_fact_outcome_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_outcome_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_outcome" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','kind 1',1767270615123456,1,'currency 1','author 1');
INSERT INTO "fact_outcome" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'kind 2',1767357015123456,NULL,NULL,NULL);
CREATE TABLE fact_payment_issue (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	currency TEXT NOT NULL, 
	reason TEXT, 
	CONSTRAINT pk_fact_payment_issue PRIMARY KEY (id), 
	CONSTRAINT fk_fact_payment_issue_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_payment_issue_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_payment_issue" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','kind 1',1767270615123456,1,'currency 1','reason 1');
INSERT INTO "fact_payment_issue" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'kind 2',1767357015123456,2,'currency 2',NULL);
CREATE TABLE fact_pulse (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	value DOUBLE NOT NULL, 
	author TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_fact_pulse PRIMARY KEY (id), 
	CONSTRAINT fk_fact_pulse_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_pulse_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_pulse" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1',1.5,'author 1','reason 1',1767270615123456);
INSERT INTO "fact_pulse" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,2.5,'author 2','reason 2',1767357015123456);
CREATE TABLE fact_subscription (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	"plan" TEXT, 
	status TEXT NOT NULL, 
	seats BIGINT, 
	mrr BIGINT NOT NULL, 
	currency TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	trial_ends_at BIGINT, 
	renews_at BIGINT, 
	ended_at BIGINT, 
	CONSTRAINT pk_fact_subscription PRIMARY KEY (id), 
	CONSTRAINT fk_fact_subscription_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_subscription_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_subscription" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','plan 1','status 1',1,1,'currency 1',1767270615123456,1767270615123456,1767270615123456,1767270615123456);
INSERT INTO "fact_subscription" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,'status 2',NULL,2,'currency 2',1767357015123456,NULL,NULL,NULL);
CREATE TABLE fact_subscription_change (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	subscription TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	mrr_delta BIGINT NOT NULL, 
	currency TEXT NOT NULL, 
	CONSTRAINT pk_fact_subscription_change PRIMARY KEY (id), 
	CONSTRAINT fk_fact_subscription_change_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_subscription_change_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_subscription_change" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','subscription 1','kind 1',1767270615123456,1,'currency 1');
INSERT INTO "fact_subscription_change" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'subscription 2','kind 2',1767357015123456,2,'currency 2');
CREATE TABLE fact_survey_response (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	kind TEXT NOT NULL, 
	score DOUBLE NOT NULL, 
	scale_min DOUBLE NOT NULL, 
	scale_max DOUBLE NOT NULL, 
	comment TEXT, 
	respondent TEXT, 
	responded_at BIGINT NOT NULL, 
	CONSTRAINT pk_fact_survey_response PRIMARY KEY (id), 
	CONSTRAINT fk_fact_survey_response_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_survey_response_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_survey_response" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','kind 1',1.5,1.5,1.5,'comment 1','respondent 1',1767270615123456);
INSERT INTO "fact_survey_response" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'kind 2',2.5,2.5,2.5,NULL,NULL,1767357015123456);
CREATE TABLE fact_ticket (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	subject TEXT, 
	requester TEXT, 
	opened_at BIGINT NOT NULL, 
	first_replied_at BIGINT, 
	solved_at BIGINT, 
	reopened BIGINT NOT NULL, 
	priority BIGINT NOT NULL, 
	channel TEXT, 
	outcome TEXT, 
	CONSTRAINT pk_fact_ticket PRIMARY KEY (id), 
	CONSTRAINT fk_fact_ticket_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_ticket_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_ticket" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','subject 1','requester 1',1767270615123456,1767270615123456,1767270615123456,1,1,'channel 1','outcome 1');
INSERT INTO "fact_ticket" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,NULL,NULL,1767357015123456,NULL,NULL,2,2,NULL,NULL);
CREATE TABLE fact_usage_day (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	assumed BOOLEAN NOT NULL, 
	hash BLOB NOT NULL, 
	raw_ref TEXT, 
	user TEXT NOT NULL, 
	feature TEXT NOT NULL, 
	day INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	seconds BIGINT NOT NULL, 
	CONSTRAINT pk_fact_usage_day PRIMARY KEY (id), 
	CONSTRAINT fk_fact_usage_day_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_fact_usage_day_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "fact_usage_day" VALUES(1,1,'source_id 1',1,1767270615123456,1767270615123456,1,X'007FFF01','raw_ref 1','user 1','feature 1',20454,1,1);
INSERT INTO "fact_usage_day" VALUES(2,2,'source_id 2',2,1767357015123456,NULL,0,X'007FFF02',NULL,'user 2','feature 2',20455,2,2);
CREATE TABLE fx_rate (
	currency TEXT NOT NULL, 
	day INTEGER NOT NULL, 
	rate DOUBLE NOT NULL, 
	CONSTRAINT pk_fx_rate PRIMARY KEY (currency, day)
);
INSERT INTO "fx_rate" VALUES('currency 1',20454,1.5);
INSERT INTO "fx_rate" VALUES('currency 2',20455,2.5);
CREATE TABLE held_delete (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	held_at BIGINT NOT NULL, 
	vanished BIGINT NOT NULL, 
	known BIGINT NOT NULL, 
	CONSTRAINT pk_held_delete PRIMARY KEY (connection_id, stream), 
	CONSTRAINT fk_held_delete_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "held_delete" VALUES(1,'stream 1',1767270615123456,1,1);
INSERT INTO "held_delete" VALUES(2,'stream 2',1767357015123456,2,2);
CREATE TABLE inbox (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	body JSON, 
	applied_at BIGINT, 
	CONSTRAINT pk_inbox PRIMARY KEY (id), 
	CONSTRAINT fk_inbox_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT uq_inbox_connection_id_key UNIQUE (connection_id, "key")
);
INSERT INTO "inbox" VALUES(1,1,'key 1',1767270615123456,'["body 1"]',1767270615123456);
INSERT INTO "inbox" VALUES(2,2,'key 2',1767357015123456,NULL,NULL);
CREATE TABLE lease (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	worker_id TEXT, 
	run_id BIGINT, 
	taken_at BIGINT NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (connection_id, stream), 
	CONSTRAINT fk_lease_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "lease" VALUES(1,'stream 1',1,'worker_id 1',1,1767270615123456);
INSERT INTO "lease" VALUES(2,'stream 2',2,NULL,NULL,1767357015123456);
CREATE TABLE link (
	id INTEGER NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	method TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	CONSTRAINT pk_link PRIMARY KEY (id), 
	CONSTRAINT fk_link_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_link_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "link" VALUES(1,1,1,'method 1','evidence 1',1767270615123456,1767270615123456);
INSERT INTO "link" VALUES(2,2,2,'method 2','evidence 2',1767357015123456,NULL);
CREATE TABLE link_decision (
	id INTEGER NOT NULL, 
	source_account_id INTEGER NOT NULL, 
	account_id INTEGER, 
	author TEXT NOT NULL, 
	reason TEXT, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	ended_by TEXT, 
	CONSTRAINT pk_link_decision PRIMARY KEY (id), 
	CONSTRAINT fk_link_decision_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_link_decision_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "link_decision" VALUES(1,1,1,'author 1','reason 1',1767270615123456,1767270615123456,'ended_by 1');
INSERT INTO "link_decision" VALUES(2,2,NULL,'author 2',NULL,1767357015123456,NULL,NULL);
CREATE TABLE link_evidence (
	source_account_id INTEGER NOT NULL, 
	evidence BIGINT NOT NULL, 
	CONSTRAINT pk_link_evidence PRIMARY KEY (source_account_id, evidence), 
	CONSTRAINT fk_link_evidence_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "link_evidence" VALUES(1,1);
INSERT INTO "link_evidence" VALUES(2,2);
CREATE TABLE metric_frame (
	id INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	history BIGINT NOT NULL, 
	day INTEGER NOT NULL, 
	content JSON NOT NULL, 
	CONSTRAINT pk_metric_frame PRIMARY KEY (id)
);
INSERT INTO "metric_frame" VALUES(1,1,1,20454,'["content 1"]');
INSERT INTO "metric_frame" VALUES(2,2,2,20455,'["content 2"]');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	delivery TEXT NOT NULL, 
	event TEXT NOT NULL, 
	account_id INTEGER NOT NULL, 
	subject TEXT, 
	body JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at BIGINT, 
	delivered_at BIGINT, 
	error TEXT, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT fk_outbox_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT uq_outbox_delivery UNIQUE (delivery), 
	CONSTRAINT uq_outbox_subject UNIQUE (subject)
);
INSERT INTO "outbox" VALUES(1,'delivery 1','event 1',1,'subject 1','["body 1"]',1767270615123456,1,1767270615123456,1767270615123456,'error 1');
INSERT INTO "outbox" VALUES(2,'delivery 2','event 2',2,NULL,'["body 2"]',1767357015123456,2,NULL,NULL,NULL);
CREATE TABLE peer (
	model_id INTEGER NOT NULL, 
	segment_id INTEGER NOT NULL, 
	day INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	component DOUBLE NOT NULL, 
	value DOUBLE NOT NULL, 
	accounts INTEGER NOT NULL, 
	curve JSON NOT NULL, 
	CONSTRAINT pk_peer PRIMARY KEY (model_id, segment_id, day, metric), 
	CONSTRAINT fk_peer_model_id FOREIGN KEY(model_id) REFERENCES scoring_model (id), 
	CONSTRAINT fk_peer_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id)
);
INSERT INTO "peer" VALUES(1,1,20454,'metric 1',1.5,1.5,1,'["curve 1"]');
INSERT INTO "peer" VALUES(2,2,20455,'metric 2',2.5,2.5,2,'["curve 2"]');
CREATE TABLE portfolio_daily (
	day INTEGER NOT NULL, 
	basis SMALLINT NOT NULL, 
	segment_id INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	band TEXT NOT NULL, 
	accounts INTEGER NOT NULL, 
	arr BIGINT NOT NULL, 
	CONSTRAINT pk_portfolio_daily PRIMARY KEY (day, basis, segment_id, owner, band), 
	CONSTRAINT fk_portfolio_daily_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id)
);
INSERT INTO "portfolio_daily" VALUES(20454,1,1,'owner 1','band 1',1,1);
INSERT INTO "portfolio_daily" VALUES(20455,2,2,'owner 2','band 2',2,2);
CREATE TABLE publication (
	id INTEGER NOT NULL, 
	segment_id INTEGER NOT NULL, 
	model_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	rule JSON NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, stage TEXT DEFAULT 'published' NOT NULL, 
	CONSTRAINT pk_publication PRIMARY KEY (id), 
	CONSTRAINT fk_publication_model_id FOREIGN KEY(model_id) REFERENCES scoring_model (id), 
	CONSTRAINT fk_publication_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id)
);
INSERT INTO "publication" VALUES(1,1,1,1,'["rule 1"]',1767270615123456,1767270615123456,'stage 1');
INSERT INTO "publication" VALUES(2,2,2,2,'["rule 2"]',1767357015123456,NULL,'stage 2');
CREATE TABLE quarantine (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	source_id TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_quarantine PRIMARY KEY (connection_id, stream, source_id), 
	CONSTRAINT fk_quarantine_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "quarantine" VALUES(1,'stream 1','source_id 1','reason 1',1767270615123456);
INSERT INTO "quarantine" VALUES(2,'stream 2','source_id 2','reason 2',1767357015123456);
CREATE TABLE release (
	id INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	action TEXT NOT NULL, 
	author TEXT NOT NULL, 
	reason TEXT, 
	at BIGINT NOT NULL, 
	restored INTEGER, 
	CONSTRAINT pk_release PRIMARY KEY (id), 
	CONSTRAINT fk_release_restored FOREIGN KEY(restored) REFERENCES release (id)
);
INSERT INTO "release" VALUES(1,'stage 1','action 1','author 1','reason 1',1767270615123456,1);
INSERT INTO "release" VALUES(2,'stage 2','action 2','author 2',NULL,1767357015123456,NULL);
CREATE TABLE revision (
	domain TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	CONSTRAINT pk_revision PRIMARY KEY (domain)
);
INSERT INTO "revision" VALUES('domain 1',1);
INSERT INTO "revision" VALUES('domain 2',2);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	started_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	state TEXT NOT NULL, 
	message TEXT, cancelled_at BIGINT, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT fk_run_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "run" VALUES(1,1,1767270615123456,1767270615123456,'state 1','message 1',1767270615123456);
INSERT INTO "run" VALUES(2,2,1767357015123456,NULL,'state 2',NULL,NULL);
CREATE TABLE run_stream (
	run_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	read BIGINT NOT NULL, 
	opened BIGINT NOT NULL, 
	closed BIGINT NOT NULL, 
	unchanged BIGINT NOT NULL, 
	quarantined BIGINT NOT NULL, 
	retries INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT, 
	CONSTRAINT pk_run_stream PRIMARY KEY (run_id, stream), 
	CONSTRAINT fk_run_stream_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "run_stream" VALUES(1,'stream 1',1,1,1,1,1,1,'state 1','message 1');
INSERT INTO "run_stream" VALUES(2,'stream 2',2,2,2,2,2,2,'state 2',NULL);
CREATE TABLE score_absence (
	account_id INTEGER NOT NULL, 
	basis SMALLINT NOT NULL, 
	day INTEGER NOT NULL, 
	until INTEGER, 
	CONSTRAINT pk_score_absence PRIMARY KEY (account_id, basis, day), 
	CONSTRAINT fk_score_absence_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);
INSERT INTO "score_absence" VALUES(1,1,20454,20454);
INSERT INTO "score_absence" VALUES(2,2,20455,NULL);
CREATE TABLE score_backdrop (
	digest TEXT NOT NULL, 
	content JSON NOT NULL, 
	CONSTRAINT pk_score_backdrop PRIMARY KEY (digest)
);
INSERT INTO "score_backdrop" VALUES('digest 1','["content 1"]');
INSERT INTO "score_backdrop" VALUES('digest 2','["content 2"]');
CREATE TABLE "score_current" (
	account_id INTEGER NOT NULL, 
	day INTEGER NOT NULL, 
	segment_id INTEGER NOT NULL, 
	model_id INTEGER NOT NULL, 
	score DOUBLE NOT NULL, 
	reference DOUBLE NOT NULL, 
	band TEXT NOT NULL, 
	band_since INTEGER NOT NULL, 
	coverage DOUBLE NOT NULL, 
	low DOUBLE NOT NULL, 
	high DOUBLE NOT NULL, 
	trend_28d DOUBLE, 
	trend_90d DOUBLE, 
	content_hash BLOB NOT NULL, 
	scored_at BIGINT NOT NULL, 
	raw_score DOUBLE NOT NULL, 
	raw_band TEXT NOT NULL, 
	CONSTRAINT pk_score_current PRIMARY KEY (account_id), 
	CONSTRAINT fk_score_current_model_id FOREIGN KEY(model_id) REFERENCES scoring_model (id), 
	CONSTRAINT fk_score_current_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id), 
	CONSTRAINT fk_score_current_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);
INSERT INTO "score_current" VALUES(1,20454,1,1,1.5,1.5,'band 1',20454,1.5,1.5,1.5,1.5,1.5,X'007FFF01',1767270615123456,1.5,'raw_band 1');
INSERT INTO "score_current" VALUES(2,20455,2,2,2.5,2.5,'band 2',20455,2.5,2.5,2.5,NULL,NULL,X'007FFF02',1767357015123456,2.5,'raw_band 2');
CREATE TABLE "score_detail" (
	account_id INTEGER NOT NULL, 
	adjustments JSON NOT NULL, 
	matched JSON NOT NULL, 
	steadiness TEXT, 
	backdrop TEXT NOT NULL, 
	numbers BLOB NOT NULL, 
	told JSON, 
	CONSTRAINT pk_score_detail PRIMARY KEY (account_id), 
	CONSTRAINT fk_score_detail_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_score_detail_backdrop FOREIGN KEY(backdrop) REFERENCES score_backdrop (digest)
);
INSERT INTO "score_detail" VALUES(1,'["adjustments 1"]','["matched 1"]','steadiness 1','digest 1',X'007FFF01','["told 1"]');
INSERT INTO "score_detail" VALUES(2,'["adjustments 2"]','["matched 2"]',NULL,'digest 2',X'007FFF02',NULL);
CREATE TABLE score_history (
	account_id INTEGER NOT NULL, 
	basis SMALLINT NOT NULL, 
	day INTEGER NOT NULL, 
	model_id INTEGER NOT NULL, 
	segment_id INTEGER NOT NULL, 
	score_centi SMALLINT NOT NULL, 
	band SMALLINT NOT NULL, 
	packed BLOB NOT NULL, 
	CONSTRAINT pk_score_history PRIMARY KEY (account_id, basis, day), 
	CONSTRAINT fk_score_history_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_score_history_model_id FOREIGN KEY(model_id) REFERENCES scoring_model (id), 
	CONSTRAINT fk_score_history_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id)
)
 WITHOUT ROWID

;
INSERT INTO "score_history" VALUES(1,1,20454,1,1,1,1,X'007FFF01');
INSERT INTO "score_history" VALUES(2,2,20455,2,2,2,2,X'007FFF02');
CREATE TABLE "score_override" (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	score DOUBLE NOT NULL, 
	owner TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT, 
	ended_by TEXT, 
	home_id INTEGER, 
	CONSTRAINT pk_score_override PRIMARY KEY (id), 
	CONSTRAINT fk_score_override_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_score_override_home_id FOREIGN KEY(home_id) REFERENCES account (id)
);
INSERT INTO "score_override" VALUES(1,1,1.5,'owner 1','reason 1',1767270615123456,1767270615123456,1767270615123456,'ended_by 1',1);
INSERT INTO "score_override" VALUES(2,2,2.5,'owner 2','reason 2',1767357015123456,1767357015123456,NULL,NULL,NULL);
CREATE TABLE scored_day (
	day INTEGER NOT NULL, 
	basis SMALLINT NOT NULL, 
	scored_at BIGINT NOT NULL, 
	accounts INTEGER NOT NULL, 
	CONSTRAINT pk_scored_day PRIMARY KEY (day, basis)
);
INSERT INTO "scored_day" VALUES(20454,1,1767270615123456,1);
INSERT INTO "scored_day" VALUES(20455,2,1767357015123456,2);
CREATE TABLE scoring_model (
	id INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	name TEXT NOT NULL, 
	content JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_scoring_model PRIMARY KEY (id), 
	CONSTRAINT uq_scoring_model_version UNIQUE (version)
);
INSERT INTO "scoring_model" VALUES(1,'version 1','name 1','["content 1"]',1767270615123456);
INSERT INTO "scoring_model" VALUES(2,'version 2','name 2','["content 2"]',1767357015123456);
CREATE TABLE segment (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_segment PRIMARY KEY (id), 
	CONSTRAINT uq_segment_name UNIQUE (name)
);
INSERT INTO "segment" VALUES(1,'name 1');
INSERT INTO "segment" VALUES(2,'name 2');
CREATE TABLE segment_daily (
	day INTEGER NOT NULL, 
	basis SMALLINT NOT NULL, 
	segment_id INTEGER NOT NULL, 
	accounts INTEGER NOT NULL, 
	taken INTEGER NOT NULL, 
	CONSTRAINT pk_segment_daily PRIMARY KEY (day, basis, segment_id), 
	CONSTRAINT fk_segment_daily_segment_id FOREIGN KEY(segment_id) REFERENCES segment (id)
);
INSERT INTO "segment_daily" VALUES(20454,1,1,1,1);
INSERT INTO "segment_daily" VALUES(20455,2,2,2,2);
CREATE TABLE setting (
	"key" TEXT NOT NULL, 
	value JSON, 
	CONSTRAINT pk_setting PRIMARY KEY ("key")
);
INSERT INTO "setting" VALUES('key 1','["value 1"]');
INSERT INTO "setting" VALUES('key 2',NULL);
CREATE TABLE snapshot_key (
	run_id INTEGER NOT NULL, 
	record TEXT NOT NULL, 
	source_id TEXT NOT NULL, 
	CONSTRAINT pk_snapshot_key PRIMARY KEY (run_id, record, source_id), 
	CONSTRAINT fk_snapshot_key_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "snapshot_key" VALUES(1,'record 1','source_id 1');
INSERT INTO "snapshot_key" VALUES(2,'record 2','source_id 2');
CREATE TABLE source_account (
	id INTEGER NOT NULL, 
	connection_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	first_known_at BIGINT NOT NULL, 
	touched_at BIGINT, touched_records INTEGER, touched_since INTEGER, 
	CONSTRAINT pk_source_account PRIMARY KEY (id), 
	CONSTRAINT fk_source_account_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT uq_source_account_connection_id_key UNIQUE (connection_id, "key")
);
INSERT INTO "source_account" VALUES(1,1,'key 1',1767270615123456,1767270615123456,1,20454);
INSERT INTO "source_account" VALUES(2,2,'key 2',1767357015123456,NULL,NULL,NULL);
CREATE TABLE stream_gap (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	known_from BIGINT NOT NULL, 
	known_to BIGINT NOT NULL, 
	CONSTRAINT pk_stream_gap PRIMARY KEY (connection_id, stream, known_from), 
	CONSTRAINT fk_stream_gap_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "stream_gap" VALUES(1,'stream 1',1767270615123456,1767270615123456);
INSERT INTO "stream_gap" VALUES(2,'stream 2',1767357015123456,1767357015123456);
CREATE TABLE stream_state (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	records JSON NOT NULL, 
	cursor JSON, 
	position BIGINT, 
	first_loaded_at BIGINT, 
	last_success_at BIGINT, 
	last_attempt_at BIGINT, 
	state TEXT NOT NULL, 
	message TEXT, 
	gap_from BIGINT, 
	CONSTRAINT pk_stream_state PRIMARY KEY (connection_id, stream), 
	CONSTRAINT fk_stream_state_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id)
);
INSERT INTO "stream_state" VALUES(1,'stream 1','["records 1"]','["cursor 1"]',1767270615123456,1767270615123456,1767270615123456,1767270615123456,'state 1','message 1',1767270615123456);
INSERT INTO "stream_state" VALUES(2,'stream 2','["records 2"]',NULL,NULL,NULL,NULL,NULL,'state 2',NULL,NULL);
CREATE TABLE sweep (
	connection_id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	read_through BIGINT, 
	CONSTRAINT pk_sweep PRIMARY KEY (connection_id, stream), 
	CONSTRAINT fk_sweep_connection_id FOREIGN KEY(connection_id) REFERENCES connection (id), 
	CONSTRAINT fk_sweep_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "sweep" VALUES(1,'stream 1',1,1767270615123456);
INSERT INTO "sweep" VALUES(2,'stream 2',2,NULL);
CREATE TABLE trail (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	action TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	token TEXT, 
	account_id INTEGER, 
	input JSON NOT NULL, 
	result TEXT, 
	idempotency_key TEXT, 
	CONSTRAINT pk_trail PRIMARY KEY (id), 
	CONSTRAINT fk_trail_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT uq_trail_key UNIQUE (token, idempotency_key)
);
INSERT INTO "trail" VALUES(1,1767270615123456,'action 1','actor 1','token 1',1,'["input 1"]','result 1','idempotency_key 1');
INSERT INTO "trail" VALUES(2,1767357015123456,'action 2','actor 2',NULL,NULL,'["input 2"]',NULL,NULL);
CREATE TABLE unlinked (
	source_account_id INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	candidates JSON NOT NULL, 
	CONSTRAINT pk_unlinked PRIMARY KEY (source_account_id), 
	CONSTRAINT fk_unlinked_source_account_id FOREIGN KEY(source_account_id) REFERENCES source_account (id)
);
INSERT INTO "unlinked" VALUES(1,'reason 1','["candidates 1"]');
INSERT INTO "unlinked" VALUES(2,'reason 2','["candidates 2"]');
CREATE TABLE worker (
	id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	jobs BOOLEAN NOT NULL, 
	started_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_worker PRIMARY KEY (id)
);
INSERT INTO "worker" VALUES('1','host 1',1,1,1767270615123456,1767270615123456);
INSERT INTO "worker" VALUES('2','host 2',2,0,1767357015123456,1767357015123456);
CREATE INDEX ix_account_current_name ON "account_profile" (name, account_id);
CREATE INDEX ix_account_current_owner ON "account_profile" (owner, account_id);
CREATE INDEX ix_inbox_received ON inbox (connection_id, received_at);
CREATE INDEX ix_inbox_waiting ON inbox (connection_id, id) WHERE applied_at is null;
CREATE INDEX ix_run_connection ON run (connection_id, id);
CREATE INDEX ix_source_account_touched ON source_account (touched_at);
CREATE INDEX ix_fact_account_account ON fact_account (source_account_id);
CREATE INDEX ix_fact_account_versions ON fact_account (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_account_current ON fact_account (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_activity_account ON fact_activity (source_account_id, at);
CREATE INDEX ix_fact_activity_versions ON fact_activity (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_activity_current ON fact_activity (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_contact_account ON fact_contact (source_account_id, created_at);
CREATE INDEX ix_fact_contact_versions ON fact_contact (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_contact_current ON fact_contact (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_invoice_account ON fact_invoice (source_account_id, issued_at);
CREATE INDEX ix_fact_invoice_versions ON fact_invoice (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_invoice_current ON fact_invoice (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_opportunity_account ON fact_opportunity (source_account_id, opened_at);
CREATE INDEX ix_fact_opportunity_versions ON fact_opportunity (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_opportunity_current ON fact_opportunity (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_outcome_account ON fact_outcome (source_account_id, at);
CREATE INDEX ix_fact_outcome_versions ON fact_outcome (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_outcome_current ON fact_outcome (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_pulse_account ON fact_pulse (source_account_id, at);
CREATE INDEX ix_fact_pulse_versions ON fact_pulse (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_pulse_current ON fact_pulse (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_subscription_account ON fact_subscription (source_account_id, started_at);
CREATE INDEX ix_fact_subscription_versions ON fact_subscription (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_subscription_current ON fact_subscription (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_subscription_change_account ON fact_subscription_change (source_account_id, at);
CREATE INDEX ix_fact_subscription_change_versions ON fact_subscription_change (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_subscription_change_current ON fact_subscription_change (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_survey_response_account ON fact_survey_response (source_account_id, responded_at);
CREATE INDEX ix_fact_survey_response_versions ON fact_survey_response (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_survey_response_current ON fact_survey_response (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_ticket_account ON fact_ticket (source_account_id, opened_at);
CREATE INDEX ix_fact_ticket_versions ON fact_ticket (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_ticket_current ON fact_ticket (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_usage_day_versions ON fact_usage_day (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_usage_day_current ON fact_usage_day (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_link_account ON link (account_id);
CREATE UNIQUE INDEX uq_link_current ON link (source_account_id) WHERE known_to is null;
CREATE UNIQUE INDEX uq_publication_current ON publication (stage, segment_id) WHERE known_to is null;
CREATE INDEX ix_account_metrics_parent ON account_metrics (parent_id) WHERE parent_id is not null;
CREATE INDEX ix_fact_account_parent ON fact_account (connection_id, parent) WHERE parent is not null;
CREATE INDEX ix_fact_payment_issue_account ON fact_payment_issue (source_account_id, at);
CREATE INDEX ix_fact_payment_issue_versions ON fact_payment_issue (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_payment_issue_current ON fact_payment_issue (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_fact_opportunity_change_account ON fact_opportunity_change (source_account_id, at);
CREATE INDEX ix_fact_opportunity_change_versions ON fact_opportunity_change (connection_id, source_id, known_from);
CREATE UNIQUE INDEX uq_fact_opportunity_change_current ON fact_opportunity_change (connection_id, source_id) WHERE known_to is null;
CREATE INDEX ix_trail_account ON trail (account_id, id);
CREATE UNIQUE INDEX uq_score_override_current ON score_override (account_id) WHERE known_to is null;
CREATE INDEX ix_score_override_account ON score_override (account_id, known_from);
CREATE UNIQUE INDEX uq_account_target_current ON account_target (account_id) WHERE known_to is null;
CREATE INDEX ix_account_target_account ON account_target (account_id, known_from);
CREATE INDEX ix_account_note_account ON account_note (account_id, known_from);
CREATE UNIQUE INDEX uq_link_decision_current ON link_decision (source_account_id) WHERE known_to is null;
CREATE INDEX ix_outbox_due ON outbox (due_at);
CREATE INDEX ix_link_evidence_evidence ON link_evidence (evidence);
CREATE INDEX ix_fact_usage_day_whole ON fact_usage_day (source_account_id, day, known_to, user, feature, count, seconds);
CREATE INDEX ix_score_current_scored_at ON score_current (scored_at);
CREATE VIEW account_current as 
select p.account_id, p.name, p.domain, p.owner, p.plan, p.industry, p.region, p.employees, p.lifecycle_stage,
  p.parent_account_id, strftime('%Y-%m-%d %H:%M:%S', p.customer_since / 1000000, 'unixepoch') as customer_since, strftime('%Y-%m-%d %H:%M:%S', p.renewal_at / 1000000, 'unixepoch') as renewal_at, strftime('%Y-%m-%d %H:%M:%S', p.churned_at / 1000000, 'unixepoch') as churned_at,
  p.mrr as mrr_minor, p.custom as custom,
  g.name as segment, m.name as model, m.version as model_version, date(s.day * 86400, 'unixepoch') as day, s.score, s.band,
  date(s.band_since * 86400, 'unixepoch') as band_since, s.raw_score, s.raw_band, s.coverage, s.low, s.high, s.trend_28d, s.trend_90d,
  strftime('%Y-%m-%d %H:%M:%S', s.scored_at / 1000000, 'unixepoch') as scored_at
from account_profile p
left join score_current s on s.account_id = p.account_id
left join segment g on g.id = s.segment_id
left join scoring_model m on m.id = s.model_id;
CREATE VIEW score_daily as 
select s.account_id, p.name, p.owner, date(d.day * 86400, 'unixepoch') as day, case d.basis when 0 then 'live' else 'restated' end as basis,
  g.name as segment, m.name as model, m.version as model_version, cast(s.score_centi as double precision) / 100 as score,
  case when s.band < 0 then 'unknown' else (select json_extract(b.value, '$.name') from json_each(m.content, '$.bands') b where b.key = s.band) end as band, cast((16 * (instr('123456789ABCDEF', substr(hex(substr(s.packed, (0) + 1, 1)), 1, 1))) + (instr('123456789ABCDEF', substr(hex(substr(s.packed, (0) + 1, 1)), 2, 1)))) % 128 as double precision) / 100 as coverage

from (
  select h.*, lead(h.day) over (partition by h.account_id, h.basis order by h.day) as until
  from score_history h where h.basis in (0, 1)
) s
join scored_day d on d.basis = s.basis and d.day >= s.day and d.day < coalesce(s.until, 2147483647)
join scoring_model m on m.id = s.model_id
join segment g on g.id = s.segment_id
left join account_profile p on p.account_id = s.account_id

where (d.basis = 0 or not exists (select 1 from scored_day e where e.day = d.day and e.basis = 0))
  and not exists (
    select 1 from score_absence a where a.account_id = s.account_id and a.basis = s.basis
      and a.day <= d.day and d.day < coalesce(a.until, 2147483647));
CREATE VIEW component_daily as 
select s.account_id, p.name, date(d.day * 86400, 'unixepoch') as day, case d.basis when 0 then 'live' else 'restated' end as basis,
  g.name as segment, m.version as model_version, l.metric_group, l.metric, l.weight,
  case when (16 * (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 1, 1))) + (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 2, 1)))) <= 247 then cast((16 * (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 1, 1))) + (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 2, 1)))) as double precision) * 100 / 247 end as component,
  case (16 * (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 1, 1))) + (instr('123456789ABCDEF', substr(hex(substr(s.packed, (length(s.packed) - l.lines + l.place - 1) + 1, 1)), 2, 1)))) when 249 then 'no_data' when 250 then 'not_connected' when 251 then 'never_synced' when 252 then 'stale'
    when 253 then 'not_applicable' when 254 then 'failed' else 'measured' end as state

from (
  select h.*, lead(h.day) over (partition by h.account_id, h.basis order by h.day) as until
  from score_history h where h.basis in (0, 1)
) s
join scored_day d on d.basis = s.basis and d.day >= s.day and d.day < coalesce(s.until, 2147483647)
join scoring_model m on m.id = s.model_id
join segment g on g.id = s.segment_id
left join account_profile p on p.account_id = s.account_id

join (
  select model_id, metric_group, metric, weight, row_number() over (partition by model_id order by sort) as place,
    count(*) over (partition by model_id) as lines
  from (select m.id as model_id, g.key * 1000 + l.key as sort, json_extract(g.value, '$.name') as metric_group,
    json_extract(l.value, '$.metric') as metric, cast(json_extract(l.value, '$.weight') as real) as weight
  from scoring_model m, json_each(m.content, '$.groups') g, json_each(g.value, '$.metrics') l) every
) l on l.model_id = s.model_id

where (d.basis = 0 or not exists (select 1 from scored_day e where e.day = d.day and e.basis = 0))
  and not exists (
    select 1 from score_absence a where a.account_id = s.account_id and a.basis = s.basis
      and a.day <= d.day and d.day < coalesce(a.until, 2147483647));
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('fact_change',2);
COMMIT;
