SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;

--
-- A key whose column changes its type, and rows that the application deletes
--
CREATE TABLE retyped (id text PRIMARY KEY, name text);
INSERT INTO retyped VALUES ('1', 'One'), ('2', 'Two');
SELECT pv.declare_subject('retyped'), pv.declare_personal('retyped', '{name}', 'identifying');
SELECT pv.declare_purpose('retyping', 'consent', 'for what follows'),
       pv.declare_consent_text('retyping', '1', 'en', 'Yes');
SELECT pv.give_consent('retyped', id, 'retyping', '1', 'web') FROM retyped;
ALTER TABLE retyped ALTER id TYPE bigint USING id::bigint;
SELECT id, pv.has_consent('retyped', id, 'retyping') FROM retyped ORDER BY id;
SELECT pv.withdraw_consent('retyped', 1, 'retyping', 'web');
SELECT id, pv.has_consent('retyped', id, 'retyping') FROM retyped ORDER BY id;
SELECT * FROM pv.verify_consents() WHERE purpose = 'retyping';
DELETE FROM retyped WHERE id = 2;
SELECT problem FROM pv.check_map() WHERE relation = 'public.retyped' AND problem ~ 'consents';
SELECT state FROM pv.erase_subject('retyped', 2);
SELECT * FROM pv.consented('retyped', 'retyping');
SELECT count(*) FROM pv.consent WHERE subject = 'retyped'::regclass AND key = '2';
SELECT problem FROM pv.check_map() WHERE relation = 'public.retyped' AND problem ~ 'consents';
SELECT pv.erase_subject('retyped', 3);

--
-- A partial erasure asked for again under the key that it has replaced
--
CREATE TABLE natural_key (email text PRIMARY KEY, name text);
INSERT INTO natural_key VALUES ('ola@x.no', 'Ola');
SELECT pv.declare_subject('natural_key'),
       pv.declare_personal('natural_key', '{email}', 'identifying', erase_with => 'token'),
       pv.declare_personal('natural_key', '{name}', 'identifying');
SELECT pv.give_consent('natural_key', 'ola@x.no', 'retyping', '1', 'web', '{"ip": "10.0.0.1"}');
SET pvext.consent_keep = '1d';
SELECT state, retained_until > now() + interval '23 hours' AS kept FROM pv.erase_subject('natural_key', 'ola@x.no');
SELECT state FROM pv.erase_subject('natural_key', 'ola@x.no');
SELECT former_key FROM pv.consent WHERE subject = 'natural_key'::regclass;
UPDATE pv.consent_state SET kept_until = now() WHERE former_key = 'ola@x.no';
SELECT state FROM pv.erase_subject('natural_key', 'ola@x.no');
SELECT key, former_key FROM pv.consent WHERE subject = 'natural_key'::regclass;
SELECT count(*) FROM pv.evidence_key k JOIN pv.erasure e USING (subject_digest) WHERE e.subject = 'natural_key'::regclass;
SELECT count(*) FROM pv.verify_erasure('natural_key', 'ola@x.no');
RESET pvext.consent_keep;
