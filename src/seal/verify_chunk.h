/*
 * verify_chunk.h
 *		Which records of a chunk are not what was sealed.
 */
#ifndef PVEXT_VERIFY_CHUNK_H
#define PVEXT_VERIFY_CHUNK_H

#include "seal/verification.h"

extern void pvext_compare_chunk(PvextHashing *hashing, const PvextChunk *chunk,
								const PvextChunkDigest *leaf, int64 seal,
								PvextReport report, void *arg);
extern void pvext_report_records(const PvextDefect *defect, const PvextChunk *chunk,
								 PvextReport report, void *arg);

#endif							/* PVEXT_VERIFY_CHUNK_H */
