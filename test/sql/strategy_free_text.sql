-- What redact finds in free text, however it is spelled.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE FUNCTION r(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS
    'SELECT pv.redact_text($1, $2, ''*'')';
\pset format unaligned
\pset tuples_only on

-- accents made of one character or two, ligatures, full width, capitals
SELECT r(U&'Jos\00E9, Jose\0301, JOS\00C9, JOSE\0301, Jose', U&'Jos\00E9');
SELECT r(U&'Jos\00E9, Jose\0301, JOS\00C9, JOSE\0301, Jose', U&'JOSE\0301');
SELECT r(U&'V\1ED9, Vo\0323\0302, Vo\0302\0323, vo', U&'V\1ED9');
SELECT r(U&'o\FB03ce \FF2F\FF26\FF26\FF29\FF23\FF25', 'Office');
SELECT r(U&'Stra\00DFe, STRASSE, Stra\1E9Ee, strase', U&'STRA\00DFE');
SELECT r(U&'\0130nci, inci, \0131nci, INCI, i\0307nci', 'inci') || r(U&' \0130nci \0131NCI', U&'\0131nci');
SELECT r(U&'\03A3\03AF\03C3\03C5\03C6\03BF\03C2 \03A3\038A\03A3\03A5\03A6\039F\03A3', U&'\03C3\03AF\03C3\03C5\03C6\03BF\03C3');
SELECT r(U&'\00D8YSTEIN \00F8ystein', U&'\00D8ystein') || r(U&' \0410\041D\041D\0410', U&'\0430\043D\043D\0430');

-- blanks of any kind and number, and what shows nothing
SELECT r(U&'Ada\00A0Berg; Ada\2009 \202F Berg; Ada' || E'\r\n\t' || U&'Berg; Ada\3000Berg; Ada\0085Berg', 'Ada  Berg');
SELECT r(U&'A\00ADda Be\200Brg, Ada\200BBerg, \2066Ada\2069 Be\FEFFrg, AdaBerg', U&'Ada\00A0Berg ');

-- apostrophes, dashes
SELECT r(U&'D\2019Arc D\2018arc D''ARC D\00B4Arc D`Arc D\02BCArc Darc', 'D''Arc');
SELECT r(U&'Anne\2010Lise Anne\2013lise Anne\2212Lise Anne\00ADLise', 'Anne-Lise');

-- the ways of HTML, URLs and JSON
SELECT r('Ada&nbsp;Berg; Ada&#160;Berg; Ada&#xA0;Berg; Ada<br>Berg; Ada<BR />Berg; <b>Ada</b> <i>Berg</i>; Ada</p><p class="x">Berg; A<wbr>da Berg; <b>Ada</b><b>Berg</b>; Ada<x>Berg', 'Ada Berg');
SELECT r('Bj&oslash;rn Bj&#248;rn bj%C3%B8rn bj%F8rn Bj\u00F8rn Bj\u00f8rn &lt;Bj&Oslash;rn&gt; Bj&none;rn', U&'Bj\00F8rn');
SELECT r('ada%40x.no a%64a%40x.no <ada@x.no> mailto:ada@x.no?x ada&commat;x.no', 'ada@x.no');
SELECT r('q=Ada+Berg&r=Ada%20Berg CV_Ada_Berg.pdf 1+1', 'Ada Berg', '1 1');
SELECT r('AT&T 100% 50%zz a<b &amp &;&# \u12 %', 'none', '%%');
SELECT r(E'\\ud83d\\ude00\\ud83d\\ude01 ' || U&'\+01F600\+01F601', U&'\+01F600\+01F601');

-- words: others' names and addresses stay
SELECT r('Berg Bergen Lindberg Berg-Hansen Bergs Berg''s Berg2 2berg Bergsson berg_1 (Berg) Berg.', 'Berg');
SELECT r('Bo BoBo Bodil bo-Erik Bo2 Bos bo, B.', 'Bo', 'B');
SELECT r('ada@x.no nada@x.no n.ada@x.no n-ada@x.no ada@x.nord ada@x.no-ip.org. To:ada@x.no, (ada@x.no) ada@x.no.', 'ada@x.no');
SELECT r(U&'\5C71\7530\592A\90CE\3055\3093 \5C71\7530 x\5C71\7530y', U&'\5C71\7530');
SELECT r(U&'\00ABBerg\00BB \201CBerg\201D Berg\2026 \2014Berg\2014 \00C5berg', 'Berg');
SELECT r('((((  .* [a-z] \d', '((((', '.*', '[a-z]', '\d');
SELECT r('Ann Anna Hanna Ann-Mari', 'Ann', 'Anna');

-- the surname first
SELECT r('Berg, Ada; BERG,ADA; Berg Ada; Ada Berg; Bergen, Ada; Berg, Adam', 'Ada Berg');
SELECT r('Ada Marie Berg; Berg, Ada Marie; Marie Berg, Ada; Berg Ada', 'Berg, Ada Marie');

-- numbers by their digits, with and without what is dialled first
SELECT r('91100001; 911 00 001; 911-00-001; 911.00.001; +4791100001; +47 911 00 001; 0047 91100001; (+47) 911 00 001; 4791100001; tel91100001', '91100001');
SELECT r('91100001; 911 00 001; +47 91 10 00 01; 004791100001; +4691100001; 4791100001', '+47 911 00 001');
SELECT r('911000012; 191100001; 20911 00001; 91100002; 1.91100001; 10091100001; +99991100001', '91100001');
SELECT r('0171 1234567; +49 171 1234567; +49 (0)171 1234567; 0049-171-1234567; 171/1234567; +49 0171/1234567', '0171/1234567');
SELECT r('01019012345 010190 12345 01 01 90 123 45', '010190 12345');
SELECT r(U&'\0669\0661\0661\0660\0660\0660\0660\0661 \FF19\FF11\FF11\FF10\FF10\FF10\FF10\FF11', '91100001');
SELECT r('NO93 8601 1117 947 NO9386011117947 no93-8601-1117-947 XNO9386011117947', 'NO9386011117947');
SELECT r('AB 12345 AB12345 ab-12345 AB123456 CAB12345', 'AB 12345');
SELECT r('12 345 12345 123456 A12345', '12345');

-- values beside one another and within one another; what is made by taking one out
SELECT r('Ada Berg, Berg, Ada: Ada', 'Ada', 'Berg', 'Ada Berg');
SELECT pv.redact_text('Kari Kari NordmannNordmann Kari', ARRAY['Kari'], '');
SELECT pv.redact_text('a@b a@b@b@b', ARRAY['a@b', 'a@b@b'], 'a');
SELECT pv.redact_text('Redacted was here: redacted, [redacted]', ARRAY['Redacted'], '[redacted]');
SELECT pv.redact_text('Ada Nordmannsen', ARRAY['Nord', 'Ada'], '[redacted]', room => 15);
SELECT pv.redact_text(NULL, ARRAY['x'], '*') IS NULL, pv.redact_text('', ARRAY['xy'], '*') = '', pv.redact_text('xy', NULL, '*'), pv.redact_text('xy', '{}', '*'),
       pv.redact_text('xy', '{NULL,"", x}', '*'), pv.redact_text('anything', NULL, '[redacted]', true, 5);
SELECT pv.holds_text('Ada', '{Ada}', '*'), pv.holds_text('*', '{Ada}', '*', true), pv.holds_text('x', NULL, '*', true), pv.holds_text(NULL, NULL, '*', true), pv.holds_text('[reda', NULL, '[redacted]', true, 5);

-- json: at any depth, names too; escapes; it stays what it is
SELECT pv.redact_json('{"type": "x", "note": "wrote to ada@x.no", "by": ["Ada Berg", {"Ada Berg": 1}], "n": [1.50, 91100001, -2, 12], "b": [true, null]}', '{ada@x.no,Ada Berg,91100001,12}', '[redacted]');
SELECT pv.redact_json('{"a": "Jos\u00e9 \"Pepe\"\nBj\u00F8rnsen \\ Jose\u0301 Bj\u00f8rnsen", "c": "\ud83d\ude00"}', ARRAY[U&'Jos\00E9 "Pepe" Bj\00F8rnsen', U&'Jos\00E9 Bj\00F8rnsen'], 'a "quote" \');
SELECT pv.redact_json('{"ada@x.no": 1, "b": {"ada@x.no": 2, "bo@x.no": 3}, "[redacted] 3": 4}', '{ada@x.no,bo@x.no}', '[redacted]');
SELECT pv.redact_json('{"[redacted]": 1, "ada@x.no": 2}', '{ada@x.no}', '[redacted]');
SELECT count(*) FROM jsonb_object_keys(pv.redact_json((SELECT json_object_agg('Ada ' || i, i) FROM generate_series(1, 20000) i), '{Ada}', '*')::jsonb);
SELECT pv.redact_json('"Ada Berg"', '{Ada Berg}', '*'), pv.redact_json('91100001', '{91100001}', '*'), pv.redact_json('  [ ] ', '{Ada}', '*');
SELECT pv.redact_json('{"a": 1}', NULL, '*', true), pv.redact_json(' [1]', NULL, '*', true), pv.redact_json('"x"', NULL, '[x]', true);
SELECT pv.holds_json('{"a": ["Ada"]}', '{Ada}', '*'), pv.holds_json('{"a": ["*", "Bo"]}', '{Ada}', '*'), pv.holds_json(' { } ', NULL, '*', true), pv.holds_json('"*"', NULL, '*', true), pv.holds_json('null', NULL, '*', true), pv.holds_json('[0]', NULL, '*', true);

-- many values and long texts, each once: the time depends on the text
SELECT length(pv.redact_text(repeat('Ada Berg and Bo, ', 200000), (SELECT array_agg('Name Number ' || i) FROM generate_series(1, 5000) i) || '{Ada Berg}', '*'));
SELECT length(pv.redact_text(repeat('a', 2000000) || ' b', (SELECT array_agg(repeat('a', i)) FROM generate_series(2, 60) i), '*'));
SELECT length(pv.redact_text(repeat('a ', 1000000), (SELECT array_agg(rtrim(repeat('a ', i))) FROM generate_series(2, 60) i), '*'));
SELECT length(pv.redact_text(repeat('1', 2000000) || ' 1', (SELECT array_agg(repeat('1', i)) FROM generate_series(2, 60) i), '*'));
SELECT length(pv.redact_text('e' || repeat(U&'\0301', 100000), ARRAY[U&'\00E9'], '*')), length(pv.redact_text(repeat('%', 100000) || repeat('&', 100000) || repeat('<a ', 100000), ARRAY['&&'], '*'));
