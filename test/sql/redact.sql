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
