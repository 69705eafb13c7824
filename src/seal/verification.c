/*
 * verification.c
 *		What is wrong with the audit log, as pv.verify_audit() returns it.
 */
#include "postgres.h"
#include "base/message.h"

#include "seal/verification.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* Return a row; arg is the PvextVerification, as a PvextReport has it. */
void
pvext_report(const PvextDefect *defect, void *arg)
{
	PvextVerification *v = arg;
	Datum		values[8];
	bool		nulls[8];

	nulls[0] = false;
	values[0] = CStringGetTextDatum(defect->problem);
	nulls[1] = defect->seal < 0;
	values[1] = Int64GetDatum(defect->seal);
	nulls[2] = defect->chunk < 0;
	values[2] = Int64GetDatum(defect->chunk);
	nulls[3] = defect->record < 0;
	values[3] = Int32GetDatum(defect->record);
	nulls[4] = defect->relation == NULL;
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(defect->relation);
	nulls[5] = TIMESTAMP_IS_NOBEGIN(defect->at);
	values[5] = TimestampTzGetDatum(defect->at);
	nulls[6] = defect->operation == NULL;
	values[6] = nulls[6] ? (Datum) 0 : CStringGetTextDatum(defect->operation);
	nulls[7] = defect->detail == NULL;
	values[7] = nulls[7] ? (Datum) 0 : CStringGetTextDatum(defect->detail);
	tuplestore_putvalues(v->result->setResult, v->result->setDesc, values, nulls);
}

/* A defect of a seal. */
void
pvext_report_seal(PvextVerification *v, const char *problem, int64 seal, char *detail)
{
	PvextDefect defect = PVEXT_NO_DEFECT;

	defect.problem = problem;
	defect.seal = seal;
	defect.detail = detail;
	pvext_report(&defect, v);
}

/* A defect of a chunk. */
void
pvext_report_chunk(PvextVerification *v, const char *problem, int64 seal, int64 chunk, char *detail)
{
	PvextDefect defect = PVEXT_NO_DEFECT;

	defect.problem = problem;
	defect.seal = seal;
	defect.chunk = chunk;
	defect.detail = detail;
	pvext_report(&defect, v);
}
