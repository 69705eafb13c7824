-- Free text: what redact leaves, before and after the identifying values have gone.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
SET timezone = 'UTC';
create table customer(id int primary key, name text not null, email text unique not null, phone text, note text);
create table memo(id int primary key, customer_id int references customer, body varchar(60), kept text, at date);
create index on memo(customer_id);
insert into customer values (1,'Kari Nordmann','kari@x.no',null,'KARI NORDMANN called from kari@X.NO'),(2,'Ola','ola@x.no','123','Ola asked about Kari Nordmann');
insert into memo values (1,1,'Dear Kari Nordmann, Ola says hi','k','2010-01-01'),(2,1,'nothing here','k','2010-01-01'),(3,1,null,'k','2010-01-01'),(4,1,'Kari Nordmann young','k','2099-01-01'),(5,2,'ola and Kari Nordmann','k','2010-01-01');
select pv.declare_subject('customer');
select pv.link_foreign_keys('customer');
select pv.declare_personal('customer','{name,email,phone}','identifying');
select pv.declare_personal('customer','{note}','text',erase_with => 'redact');
select pv.declare_personal('memo','{body}','text',erase_with => 'redact', parameter => '***');
select pv.declare_retention('memo','law','5 years','at','law', '{body}', mandatory => true, time_zone => 'UTC');
select relation,column_name,rows,strategy,verdict,until,basis from pv.preview_erasure('customer',1);
select state,retained_until,rows_anonymised,key from pv.erase_subject('customer',1);
select id, name, left(email, 7) as email, phone, note from customer order by id;
select id, customer_id, body from memo order by id;
select relation,column_name,rows,strategy,verdict,until,basis from pv.preview_erasure('customer',1);
-- The retention is over: the values are gone, so the whole text goes; what was
-- redacted before stays.
update memo set at='2010-01-01' where id=4;
select state,retained_until,rows_anonymised,key from pv.erase_subject('customer',1);
select id, customer_id, body from memo order by id;
select * from pv.verify_erasure('customer',1);
-- A text that comes later.
insert into memo values (6,1,'Kari Nordmann again','k','2010-01-01');
select * from pv.verify_erasure('customer',1);
select state,rows_anonymised,key from pv.erase_subject('customer',1);
select id, customer_id, body from memo order by id;
select state,rows_anonymised,key from pv.erase_subject('customer',2);
select id, name, left(email, 7) as email, phone, note from customer order by id;
select id, customer_id, body from memo order by id;
select state, count(*) from pv.erasure group by 1;
-- Documents, and who has a long name.
create table person(id int primary key, name text not null, email text not null unique, bio text,
    doc jsonb not null check (jsonb_typeof(doc) = 'object'), raw json, tags jsonb);
create domain log as jsonb check (value ? 'at');
create table event(id int primary key, person int references person, data log not null, at date not null);
create index on event(person);
insert into person values
    (1,'Ada Berg','ada@x.no','Berg, Ada','{"note": "wrote to ADA@x.no", "by": ["Ada  Berg", {"ada@x.no": [true, "x"]}]}','{"a":  "Ada\u00a0Berg", "a": 1.10}','["Ada Berg", "Bo Lie"]'),
    (2,repeat('long ', 20000),'bo@x.no','long text','{"a": "b"}','[1, 2]','"x"'),
    (3,'redacted','redacted@x.no','Redacted: [redacted]','{"redacted": "[redacted]"}','"redacted"',null);
insert into event values (1,1,'{"at": "here", "who": "Ada Berg"}','2010-01-01'),(2,1,'{"at": "there", "who": "Ada Berg"}','2099-01-01');
select pv.declare_subject('person'), pv.link_foreign_keys('person') \g /dev/null
select pv.declare_personal('person','{name,email}','identifying') \g /dev/null
select pv.declare_personal('person','{bio,doc,raw,tags}','text',erase_with => 'redact') \g /dev/null
-- A document that goes as a whole would not be one of these.
select pv.declare_personal('event','{data}','text',erase_with => 'redact');
alter domain log drop constraint log_check;
select pv.declare_personal('event','{data}','text',erase_with => 'redact') \g /dev/null
select pv.declare_retention('event','law','5 years','at','law', '{data}', mandatory => true, time_zone => 'UTC') \g /dev/null
select relation,column_name,rows,strategy,verdict from pv.preview_erasure('person',1);
select state from pv.erase_subject('person',1);
select id, bio, doc, raw, tags from person where id = 1;
select id, data from event order by id;
update event set at = '2010-01-01';
select state from pv.erase_subject('person',1);
select id, data from event order by id;
select state from pv.erase_subjects('person','{2,3}');
select id, name, bio, doc, raw, tags from person order by id;
select id, v.* from person, pv.verify_erasure('person',id) v order by id;
-- A text about two persons: when the second is taken out of it, it is still known to be without the first.
create table chat(id int primary key, name text, email text unique);
create table chat_line(id int primary key, sender int references chat, receiver int references chat, said text, doc jsonb);
create index on chat_line(sender);
create index on chat_line(receiver);
insert into chat values (1,'Ada Berg','ada@x.no'),(2,'Odd Lie','odd@x.no'),(3,'Siv Moe','siv@x.no');
insert into chat_line values (1,1,2,'Ada Berg greets Odd Lie','{"a": "Ada Berg", "b": "Odd Lie"}'),(2,2,1,'Odd Lie greets Ada Berg back','{}'),
    (3,3,1,'Siv Moe has seen Ada Berg and Odd Lie',null);
select pv.declare_subject('chat'), pv.link_foreign_keys('chat') \g /dev/null
select pv.declare_personal('chat','{name,email}','identifying') \g /dev/null
select pv.declare_personal('chat_line','{said,doc}','text',erase_with => 'redact', link => '*') \g /dev/null
select state, rows_anonymised from pv.erase_subject('chat',1);
select state, rows_anonymised from pv.erase_subject('chat',2);
select * from chat_line order by id;
select 'first' as who, * from pv.verify_erasure('chat',1) union all select 'second', * from pv.verify_erasure('chat',2);
-- asked again, nothing is left to be done; a text that was changed by hand is looked at as a whole
select count(distinct state), count(*) from pv.erase_subjects('chat','{1,2}');
select count(*) from pv.erasure where subject = 'chat'::regclass;
update chat_line set said = said || ' too' where id = 2;
select 'first' as who, * from pv.verify_erasure('chat',1) union all select 'second', * from pv.verify_erasure('chat',2);
select state, rows_anonymised from pv.erase_subject('chat',1);
select state, rows_anonymised from pv.erase_subject('chat',3);
select * from chat_line order by id;
select id, v.* from chat, pv.verify_erasure('chat', id) as v;
