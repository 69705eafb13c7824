-- The company's data map.  psql shows each statement and what it answers.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== The company''s database, as it is'
\echo
SELECT (SELECT count(*) FROM customer) AS customers, (SELECT count(*) FROM service) AS services,
       (SELECT count(*) FROM invoice) AS invoices, (SELECT count(*) FROM payment) AS payments,
       (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM product_use) AS months_of_use;

\echo '== The six customers to look at'
\echo
SELECT c.id, c.name, max(coalesce(s.ended_on, 'infinity')) AS service_ends,
       (SELECT max(i.issued_on) FROM invoice AS i WHERE i.customer_id = c.id) AS last_invoice,
       (SELECT count(*) FROM invoice AS i WHERE i.customer_id = c.id AND i.paid_on IS NULL) AS unpaid,
       (SELECT count(*) FROM debt_case AS d JOIN invoice AS i ON i.id = d.invoice_id
         WHERE i.customer_id = c.id AND d.closed_on IS NULL) AS debt_cases
FROM customer AS c LEFT JOIN service AS s ON s.customer_id = c.id
WHERE c.id > 1000 GROUP BY c.id ORDER BY c.id;

\echo '== Installing'
\echo
CREATE EXTENSION pvext CASCADE;

\echo
\echo '== What the data is used for'
\echo
\set QUIET on
\t on
SELECT pv.declare_purpose('service', 'contract', 'to deliver and support what the customer has ordered');
SELECT pv.declare_purpose('bookkeeping', 'legal_obligation', 'to document sales and payments');
SELECT pv.declare_purpose('newsletter_email', 'consent', 'to send the newsletter by e-mail to those who asked for it');
SELECT pv.declare_purpose('newsletter_sms', 'consent', 'to send the newsletter by SMS to those who asked for it');
SELECT pv.declare_purpose('product_survey', 'legitimate_interests', 'to ask customers how they like the products');

\echo '== Whose the rows are: the customers are persons, the foreign keys lead to what is theirs'
\echo
SELECT pv.declare_subject('customer', description => 'private customers');
\t off
SELECT relation, columns, parent, depth, indexed FROM pv.candidate_links('customer');
SELECT pv.link_foreign_keys('customer', max_depth => 2);

\echo '== What nobody has classified yet'
\echo
SELECT relation, problem FROM pv.check_map() ORDER BY relation;

\echo '== Which columns are personal, what for, and how each loses its person'
\echo
\t on
SELECT pv.declare_personal('customer', '{name}', 'identifying', '{service}',
                           erase_with => 'constant', parameter => '(erased)');
SELECT pv.declare_personal('customer', '{email}', 'identifying', '{service,newsletter_email,product_survey}',
                           erase_with => 'token', parameter => 'erased-%s@invalid');
SELECT pv.declare_personal('customer', '{mobile}', 'identifying', '{service,newsletter_sms}');
SELECT pv.declare_personal('customer', '{street,city}', 'address', '{service}');
SELECT pv.declare_personal('customer', '{postal_code}', 'address', '{service}',
                           erase_with => 'generalise', parameter => '2');
SELECT pv.declare_personal('invoice', '{name,street,postal_code,city}', 'address', '{bookkeeping}');
SELECT pv.declare_personal('payment', '{from_account}', 'financial', '{bookkeeping}');
SELECT pv.declare_personal('debt_case', '{debtor}', 'identifying', '{bookkeeping}');
SELECT pv.declare_personal('note', '{body}', 'free text', '{service}',
                           erase_with => 'redact', parameter => '[customer]');

\echo '== The other columns identify nobody; statistics are made of them'
\echo
SELECT pv.declare_not_personal(t)
FROM unnest('{customer,service,invoice,payment,note,product_use,debt_case,mail}'::regclass[]) AS t;

\t off
\echo '== The data map, and a check that finds nothing wrong with it'
\echo
SELECT relation, link, column_name, category, purposes, strategy, parameter
FROM pv.personal ORDER BY relation::text, column_name;
SELECT * FROM pv.check_map();

\echo '== What stands in the way of an erasure'
\echo
\t on
SELECT pv.declare_blocker('customer', 'active customer', relation => 'service',
                          condition => 'ended_on IS NULL OR ended_on > current_date',
                          reason => 'has a service that has not ended');
SELECT pv.declare_blocker('customer', 'unpaid bill', relation => 'invoice',
                          condition => 'paid_on IS NULL', reason => 'owes us money');
SELECT pv.declare_blocker('customer', 'debt collection', relation => 'debt_case',
                          condition => 'closed_on IS NULL', reason => 'the debt collector has an open case');
\t off
SELECT * FROM pv.check_blockers('customer');

\echo '== What the law makes the company keep: five years from the end of the accounting year'
\echo
\t on
SELECT pv.declare_retention('invoice', 'bookkeeping', keep => '5 years',
                            after => 'pv.accounting_year_end(issued_on)',
                            basis => 'Bookkeeping Act, section 13',
                            columns => '{name,street,postal_code,city}', mandatory => true);
SELECT pv.declare_retention('payment', 'bookkeeping', keep => '5 years',
                            after => 'pv.accounting_year_end(paid_on)',
                            basis => 'Bookkeeping Act, section 13',
                            columns => '{from_account}', mandatory => true);
\t off
SELECT relation, name, keep, after, columns, mandatory FROM pv.retention;

\echo '== Who may erase and record consents: customer support, which cannot read any of these tables'
\echo
\t on
SELECT pv.grant_role('support', 'application');

\echo '== Who may ask for consents: marketing; and who answers for all of it: the data protection officer'
\echo
SELECT pv.grant_role('marketing', 'application');
SELECT pv.grant_role('officer', 'officer');
