-- What the company promises: the data map of schema.sql, with two blockers and
-- retention rules that are active at once.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE EXTENSION pvext CASCADE;
SELECT pv.declare_purpose('service', 'contract', 'to deliver what was ordered'),
       pv.declare_purpose('bookkeeping', 'legal_obligation', 'to document sales'),
       pv.declare_purpose('news', 'consent', 'to send the newsletter'),
       pv.declare_purpose('sms', 'consent', 'to send text messages'),
       pv.declare_purpose('survey', 'legitimate_interests', 'to ask how they like us');

SELECT pv.declare_subject('customer');
SELECT pv.link_foreign_keys('customer', 2, excluding => '{login}');
SELECT pv.declare_link('login', '{customer_id}', 'customer', on_erase => 'delete');
SELECT pv.declare_link('visit', '{customer_id}', 'customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying', '{service}', erase_with => 'constant', parameter => '(erased)');
SELECT pv.declare_personal('customer', '{email}', 'identifying', '{service,news}', erase_with => 'token', parameter => 'erased-%s@invalid');
SELECT pv.declare_personal('customer', '{phone}', 'identifying', '{service,sms}', erase_with => 'null');
SELECT pv.declare_personal('note', '{body}', 'free text', '{service}', erase_with => 'redact');
SELECT pv.declare_personal('message', '{sender_name}', 'name', '{service}', erase_with => 'null', link => 'sender');
SELECT pv.declare_personal('message', '{receiver_name}', 'name', '{service}', erase_with => 'null', link => 'receiver');
SELECT pv.declare_personal('message', '{body}', 'free text', '{service}', erase_with => 'redact', link => '*');
SELECT pv.declare_personal('visit', '{agent}', 'device', '{service}', erase_with => 'null');
SELECT pv.declare_personal('invoice', '{addressee}', 'address', '{bookkeeping}', erase_with => 'constant', parameter => '(erased)');
SELECT pv.declare_personal('payment', '{account}', 'financial', '{bookkeeping}', erase_with => 'null');

SELECT pv.declare_subject('reader');
SELECT pv.link_foreign_keys('reader');
SELECT pv.declare_personal('reader', '{email}', 'identifying', '{news}', erase_with => 'token', parameter => 'erased-%s@invalid');
SELECT pv.declare_personal('reader', '{nick}', 'identifying', '{news}', erase_with => 'null');

SELECT pv.declare_not_personal(t)
FROM unnest('{customer,service,note,message,login,visit,invoice,payment,reader,article}'::regclass[]) AS t;

SELECT pv.declare_blocker('customer', 'active', 'ended_on IS NULL', 'has a service that has not ended', relation => 'service');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us money', relation => 'invoice');

SELECT pv.declare_retention('invoice', 'bookkeeping', '5 years', after => 'pv.accounting_year_end(issued_on)',
                            basis => 'Bookkeeping Act', mandatory => true);
SELECT pv.declare_retention('payment', 'bookkeeping', '5 years', after => 'pv.accounting_year_end(paid_on)',
                            basis => 'Bookkeeping Act', mandatory => true);
SELECT pv.declare_retention('customer', 'left', '3 years', over => 'service', after => $$max(coalesce(ended_on, 'infinity'))$$,
                            basis => 'policy');
SELECT pv.declare_retention('visit', 'visits', '90 days', after => 'at', basis => 'policy', action => 'delete');
SELECT pv.activate_retention(relation, name, 0) FROM pv.retention;

SELECT pv.declare_consent_text('news', '1', 'en', 'Yes please, send me the newsletter.'),
       pv.declare_consent_text('sms', '1', 'en', 'Yes please, send me text messages.'),
       pv.declare_agreement('terms', '1', 'We deliver. You pay.'),
       pv.declare_agreement('terms', '2', 'We deliver. You pay at once.');

SELECT pv.enable_audit(t)
FROM unnest('{customer,service,note,message,login,visit,invoice,payment,reader,article}'::regclass[]) AS t;
SELECT pv.grant_role('app', 'application'), pv.grant_role('officer', 'officer');
