/*
 * type.h
 *		Types: what they are called, hold and compare by.
 */
#ifndef PVEXT_TYPE_H
#define PVEXT_TYPE_H

extern bool pvext_is_text(Oid type);
extern int	pvext_text_room(Oid type, int32 typmod);
extern char *pvext_equality(Oid left, Oid right);
extern char *pvext_type_name(Oid type, int32 typmod);
extern char *pvext_plain_type_name(Oid type);

#endif							/* PVEXT_TYPE_H */
