-- Consents, objections and agreements.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== As the data protection officer: the words that consents are given to'
\echo
\c - officer
\set QUIET on
\t on
\set QUIET off
SELECT pv.declare_consent_text('newsletter_email', '1', 'no',
    'Ja takk, send meg nyhetsbrevet på e-post. Jeg kan når som helst si nei.');
SELECT pv.declare_consent_text('newsletter_email', '1', 'en',
    'Yes please, send me the newsletter by e-mail. I can say no at any time.');
SELECT pv.declare_consent_text('newsletter_sms', '1', 'no',
    'Ja takk, send meg nyhetsbrevet på SMS. Jeg kan når som helst si nei.');

\echo '== Ingrid (1001), Bjørn (1002) and Sigrid (1003) ask for it on the website; each is sent a link'
\echo
\c - support
SELECT pv.request_consent('customer', 1001, 'newsletter_email', '1', 'website', language => 'no',
    evidence => '{"form": "/newsletter", "email": "ingrid.solbakken@example.no", "ip": "198.51.100.7"}') AS ingrid \gset
SELECT pv.request_consent('customer', 1002, 'newsletter_email', '1', 'website', language => 'no') AS bjorn \gset
SELECT pv.request_consent('customer', 1003, 'newsletter_email', '1', 'website', language => 'en') AS sigrid \gset
\echo 'Ingrid''s link: https://company.example/yes?':ingrid
\echo

\echo '== Ingrid and Sigrid follow theirs, Bjørn never does'
\echo
SELECT pv.confirm_consent(:'ingrid', '{"ip": "198.51.100.7"}');
SELECT pv.confirm_consent(:'sigrid', '{"ip": "198.51.100.23"}');

\echo '== A link works once'
\echo
\set ON_ERROR_STOP off
SELECT pv.confirm_consent(:'ingrid');
\set ON_ERROR_STOP on

\echo
\echo '== Einar (1006) says yes on the telephone, a hundred others on their own pages; Sigrid wants SMS, too'
\echo
SELECT pv.give_consent('customer', 1006, 'newsletter_email', '1', 'telephone', '{"recording": "K-20117"}', language => 'no');
SELECT pv.give_consent('customer', 1003, 'newsletter_sms', '1', 'my page', language => 'no');
\set QUIET on
\t off
\set QUIET off
SELECT count(*) AS consents
FROM generate_series(3, 993, 10) AS id,
     pv.give_consent('customer', id, 'newsletter_email', '1', 'my page', language => 'no');

\echo '== As marketing: the newsletter goes to those who have consented, with a link to unsubscribe'
\echo
\c - marketing
INSERT INTO mail (customer_id, title)
SELECT id, 'Newsletter 1' FROM customer WHERE pv.has_consent('customer', id, 'newsletter_email');
SELECT pv.unsubscribe_token('customer', 1003, 'newsletter_email') AS unsubscribe \gset

\echo
\echo '== Sigrid follows hers, and the next newsletter is sent'
\echo
\set QUIET on
\t on
\set QUIET off
SELECT pv.withdraw_consent(:'unsubscribe', 'link in newsletter 1');
\set QUIET on
\t off
\set QUIET off
INSERT INTO mail (customer_id, title)
SELECT key::integer, 'Newsletter 2' FROM pv.consented('customer', 'newsletter_email');
SELECT title, count(*) AS sent, array_agg(customer_id ORDER BY customer_id) FILTER (WHERE customer_id > 1000) AS among_them
FROM mail GROUP BY title ORDER BY title;

\echo '== The survey rests on another basis: nobody has to consent, and Olav (1004) objects'
\echo
\c - support
SELECT pv.object_to('customer', 1004, 'product_survey', 'telephone') AS objected;
SELECT id, pv.may_process('customer', id, 'product_survey') AS survey,
       pv.may_process('customer', id, 'newsletter_email') AS newsletter,
       pv.may_process('customer', id, 'newsletter_sms') AS sms
FROM generate_series(1001, 1006) AS id;

\echo '== Agreements: the officer declares the terms, customers accept them, there are new ones'
\echo
\c - officer
\set QUIET on
\t on
\set QUIET off
SELECT pv.declare_agreement('terms', '1', 'We deliver. You pay within 14 days.');
\c - support
SELECT pv.accept_agreement('customer', id, 'terms', '1', '{"how": "signed with BankID"}')
FROM unnest('{1001,1003,1006}'::integer[]) AS id;
\c - officer
SELECT pv.declare_agreement('terms', '2', 'We deliver. You pay within 30 days.');
\c - support
SELECT pv.accept_agreement('customer', 1003, 'terms', '2', '{"how": "signed with BankID"}');
\set QUIET on
\t off
\set QUIET off
SELECT id, pv.bound_by('customer', id, 'terms', current_date - 1) AS yesterday,
       pv.bound_by('customer', id, 'terms') AS today
FROM unnest('{1003,1004,1006}'::integer[]) AS id;

\echo '== What has been accepted cannot be rewritten'
\echo
\c - officer
\set ON_ERROR_STOP off
SELECT pv.declare_agreement('terms', '1', 'We deliver if we feel like it.');
\set ON_ERROR_STOP on

\echo
\echo '== The ledger, as an authority would ask for it: all that Sigrid ever said'
\echo
\set QUIET on
\x on
\set QUIET off
SELECT purpose, action, at, channel, version, text, evidence
FROM pv.consent_history WHERE subject = 'customer'::regclass AND key = '1003' ORDER BY id;
SELECT name, action, at, version, body, evidence
FROM pv.agreement_history WHERE subject = 'customer'::regclass AND key = '1003' ORDER BY id;
\set QUIET on
\x off
\set QUIET off

\echo '== Customer support cannot read it, and not even a superuser can change it'
\echo
\set ON_ERROR_STOP off
\c - support
SELECT * FROM pv.consent_history;
\c - dba
UPDATE pv.consent_event SET channel = 'website' WHERE channel = 'telephone';
DELETE FROM pv.consent_event;
TRUNCATE pv.consent_event;
