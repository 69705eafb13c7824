/*
 * value_bytes.h
 *		Whether the bytes of a value are such as its type's functions can be given.
 */
#ifndef PVEXT_VALUE_BYTES_H
#define PVEXT_VALUE_BYTES_H

extern bool pvext_has_image(Oid type);
extern bool pvext_is_sound(Oid type, const char *data, Size size);
extern bool pvext_is_sound_of_length(Oid type, int16 length, const char *data, Size size);

#endif							/* PVEXT_VALUE_BYTES_H */
