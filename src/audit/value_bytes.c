/*
 * value_bytes.c
 *		Whether the bytes of a value are such as its type's functions can be given.
 *
 * The output functions of types trust what they are given: a count in a value that
 * says more than there is makes them read what lies behind it.  The audit log keeps
 * values as their bytes, and the disk, or a superuser, may have made others of
 * them.  So the bytes are looked at first: here is what is known of each type of which
 * the log keeps bytes; of all others it keeps texts.
 *
 * What is sound is safe to be output, and output without an error.  Numbers that
 * no input would make (a time of the 25th hour) are none.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/tupmacs.h"
#include "audit/value_bytes.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tsearch/ts_type.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#define INET_FAMILY_4	2		/* as utils/inet.h has them, relative to AF_INET */
#define INET_FAMILY_6	3
#define LARGEST_DIGIT	9999	/* of numeric, to the base of 10000 */

/* The parts of numeric's header that are not for everybody to see. */
#define NUMERIC_FLAGS	0xc000
#define NUMERIC_SHORT	0x8000
#define NUMERIC_SPECIAL	0xc000
#define NUMERIC_NAN		0xc000
#define NUMERIC_PINF	0xd000
#define NUMERIC_NINF	0xf000

/*
 * Which types
 */

/*
 * The type of a range's bounds; InvalidOid where it is none of the server's own ranges.
 */
static Oid
bound_type(Oid range)
{
	switch (range)
	{
		case INT4RANGEOID:
			return INT4OID;
		case INT8RANGEOID:
			return INT8OID;
		case NUMRANGEOID:
			return NUMERICOID;
		case DATERANGEOID:
			return DATEOID;
		case TSRANGEOID:
			return TIMESTAMPOID;
		case TSTZRANGEOID:
			return TIMESTAMPTZOID;
		default:
			return InvalidOid;
	}
}

/* Is it a type, no array, of which the log keeps the bytes? */
static bool
is_scalar(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case OIDOID:
		case XIDOID:
		case XID8OID:
		case CIDOID:
		case TIDOID:
		case PG_LSNOID:
		case MONEYOID:
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
		case UUIDOID:
		case MACADDROID:
		case MACADDR8OID:
		case NAMEOID:
		case POINTOID:
		case LSEGOID:
		case BOXOID:
		case LINEOID:
		case CIRCLEOID:
		case PATHOID:
		case POLYGONOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case XMLOID:
		case JSONOID:
		case REFCURSOROID:
		case BYTEAOID:
		case NUMERICOID:
		case BITOID:
		case VARBITOID:
		case INETOID:
		case CIDROID:
		case JSONBOID:
		case TSVECTOROID:
			return true;
		default:
			return OidIsValid(bound_type(type));
	}
}

/*
 * Can the log keep the type's values as their bytes?  They are the same in every
 * server and major, as is the type's OID; an array is no better than its elements.
 */
bool
pvext_has_image(Oid type)
{
	Oid			element = is_scalar(type) ? InvalidOid : get_element_type(type);

	return is_scalar(type) || (OidIsValid(element) && is_scalar(element));
}

/*
 * Parts
 */

/* Numbers stand anywhere in a record, with no regard to their alignment. */
static uint16
uint16_at(const char *data)
{
	uint16		value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* Likewise. */
static int32
int32_at(const char *data)
{
	int32		value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* Likewise. */
static int64
int64_at(const char *data)
{
	int64		value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/*
 * The value at an offset of a composed one, which is moved behind it: as the types
 * that are composed hold it, aligned, with a header where its size varies.  In arrays
 * a short header is aligned, too; in ranges it is not.  False where it is not all there, or
 * not sound.
 */
static bool
part_is_sound(Oid type, const char *data, Size size, bool in_array, Size *offset)
{
	int16		length;
	bool		byval;
	char		align;
	const char *part;
	Size		header;

	get_typlenbyvalalign(type, &length, &byval, &align);
	if (in_array || length > 0 || *offset >= size || VARATT_NOT_PAD_BYTE(data + *offset) == 0)
		*offset = att_align_nominal(*offset, align);
	if (*offset >= size)
		return false;
	part = data + *offset;
	if (length > 0)
	{
		*offset += length;
		return *offset <= size && pvext_is_sound(type, part, length);
	}
	if (VARATT_IS_1B_E(part))
		return false;
	header = VARATT_IS_1B(part) ? VARHDRSZ_SHORT : VARHDRSZ;
	if (size - *offset < header || (header == VARHDRSZ && !VARATT_IS_4B_U(part)) ||
		VARSIZE_ANY(part) < header || VARSIZE_ANY(part) > size - *offset)
		return false;
	*offset += VARSIZE_ANY(part);
	return pvext_is_sound(type, part + header, VARSIZE_ANY(part) - header);
}

/*
 * Types of some structure
 */

/* A header of a kind that there is, and digits behind it, or what is no number. */
static bool
numeric_is_sound(const char *data, Size size)
{
	uint16		head;
	Size		begin;

	if (size < sizeof(head))
		return false;
	head = uint16_at(data);
	if ((head & NUMERIC_FLAGS) == NUMERIC_SPECIAL)
		return size == sizeof(head) &&
			(head == NUMERIC_NAN || head == NUMERIC_PINF || head == NUMERIC_NINF);
	begin = (head & NUMERIC_FLAGS) == NUMERIC_SHORT ? sizeof(head) : sizeof(head) + sizeof(int16);
	if (size < begin || (size - begin) % sizeof(int16) != 0)
		return false;
	for (; begin < size; begin += sizeof(int16))
		if (uint16_at(data + begin) > LARGEST_DIGIT)
			return false;
	return true;
}

/* As many bytes as bits need. */
static bool
bits_are_sound(const char *data, Size size)
{
	return size >= sizeof(int32) && int32_at(data) >= 0 &&
		((Size) int32_at(data) + BITS_PER_BYTE - 1) / BITS_PER_BYTE == size - sizeof(int32);
}

/* An address of a family that there is, with its netmask. */
static bool
inet_is_sound(const char *data, Size size)
{
	return (size == 2 + 4 && data[0] == INET_FAMILY_4 && (uint8) data[1] <= 32) ||
		(size == 2 + 16 && data[0] == INET_FAMILY_6 && (uint8) data[1] <= 128);
}

/* A count, something of a fixed size, and so many points. */
static bool
points_are_sound(const char *data, Size size, Size fixed)
{
	return size >= fixed && int32_at(data) >= 0 &&
		size - fixed == (Size) int32_at(data) * 2 * sizeof(float8);
}

/* The lexeme of an entry, and where in the document it is. */
static bool
entry_is_sound(WordEntry entry, const char *strings, Size size)
{
	Size		end = (Size) entry.pos + entry.len;

	if (end > size || !pg_verifymbstr(strings + entry.pos, entry.len, true))
		return false;
	if (!entry.haspos)
		return true;
	end = SHORTALIGN(end);
	return end + sizeof(uint16) <= size &&
		end + sizeof(uint16) + uint16_at(strings + end) * sizeof(WordEntryPos) <= size;
}

/* As many entries as there are said to be, whose words and positions lie within it. */
static bool
tsvector_is_sound(const char *data, Size size)
{
	Size		n;
	const char *entries = data + sizeof(int32);

	if (size < sizeof(int32) || int32_at(data) < 0)
		return false;
	n = int32_at(data);
	if (n > (size - sizeof(int32)) / sizeof(WordEntry))
		return false;
	for (Size i = 0; i < n; i++)
	{
		WordEntry	entry;

		memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
		if (!entry_is_sound(entry, entries + n * sizeof(entry),
							size - sizeof(int32) - n * sizeof(entry)))
			return false;
	}
	return true;
}

/* Its own type, and the bounds that its flags say there are. */
static bool
range_is_sound(Oid type, const char *data, Size size)
{
	uint8		flags;
	Size		offset = sizeof(RangeType);
	Oid			bound = bound_type(type);

	if (size < sizeof(Oid) + sizeof(flags) || (Oid) int32_at(data) != type)
		return false;
	flags = (uint8) data[size - 1];
	if (flags & (RANGE_LB_NULL | RANGE_UB_NULL | RANGE_CONTAIN_EMPTY))
		return false;
	/* Offsets are aligned as they are from the value's length on. */
	data -= VARHDRSZ;
	size += VARHDRSZ - sizeof(flags);
	return (!RANGE_HAS_LBOUND(flags) || part_is_sound(bound, data, size, false, &offset)) &&
		(!RANGE_HAS_UBOUND(flags) || part_is_sound(bound, data, size, false, &offset));
}

/*
 * Arrays
 */

/* How many elements an array has; -1 where its dimensions are none. */
static int64
count_elements(const char *dims, int ndim)
{
	int64		n = ndim > 0;

	for (int i = 0; i < ndim; i++)
	{
		int32		dim = int32_at(dims + i * sizeof(int32));
		int32		lower = int32_at(dims + (ndim + i) * sizeof(int32));

		if (dim <= 0 || (int64) lower + dim > PG_INT32_MAX)
			return -1;
		n *= dim;
		if (n > MaxArraySize)
			return -1;
	}
	return n;
}

/* An array's bytes, after its length. */
static bool
array_is_sound(Oid element, const char *data, Size size)
{
	const char *dims = data + sizeof(ArrayType) - VARHDRSZ;
	const char *nulls = NULL;
	int32		ndim;
	int64		n;
	Size		offset;

	if (size < sizeof(ArrayType) - VARHDRSZ)
		return false;
	ndim = int32_at(data);
	if (ndim < 0 || ndim > MAXDIM || (Oid) int32_at(data + 2 * sizeof(int32)) != element ||
		size < ARR_OVERHEAD_NONULLS(ndim) - VARHDRSZ)
		return false;
	n = count_elements(dims, ndim);
	if (n < 0)
		return false;
	offset = ARR_OVERHEAD_NONULLS(ndim);
	if (int32_at(data + sizeof(int32)) != 0)
	{
		offset = ARR_OVERHEAD_WITHNULLS(ndim, n);
		if (int32_at(data + sizeof(int32)) != (int32) offset)
			return false;
		nulls = dims + 2 * ndim * sizeof(int32);
	}
	if (offset > size + VARHDRSZ)
		return false;
	/* Offsets are aligned as they are from the array's length on. */
	for (int64 i = 0; i < n; i++)
		if ((nulls == NULL || (nulls[i / BITS_PER_BYTE] & (1 << i % BITS_PER_BYTE))) &&
			!part_is_sound(element, data - VARHDRSZ, size + VARHDRSZ, true, &offset))
			return false;
	return true;
}

/*
 * jsonb
 */

static bool container_is_sound(const char *data, Size size, bool root);

/* A numeric with a header of its own. */
static bool
json_number_is_sound(const char *data, Size size)
{
	return size >= VARHDRSZ && VARATT_IS_4B_U(data) && VARSIZE(data) >= VARHDRSZ &&
		VARSIZE(data) <= size && numeric_is_sound(data + VARHDRSZ, VARSIZE(data) - VARHDRSZ);
}

/* A child of a container, between two offsets of its data. */
static bool
child_is_sound(JEntry entry, const char *data, Size from, Size to, bool is_key)
{
	if (JBE_ISSTRING(entry))
		return pg_verifymbstr(data + from, (int) (to - from), true);
	if (is_key)
		return false;
	if (JBE_ISBOOL(entry) || JBE_ISNULL(entry))
		return from == to;
	from = INTALIGN(from);
	if (from > to)
		return false;
	if (JBE_ISNUMERIC(entry))
		return json_number_is_sound(data + from, to - from);
	return JBE_ISCONTAINER(entry) && container_is_sound(data + from, to - from, false);
}

/*
 * The children of a container, of which the first are keys: each ends no sooner than it
 * begins, and none behind the end.
 */
static bool
children_are_sound(const char *children, Size n, Size keys, const char *data, Size size)
{
	Size		from = 0;

	for (Size i = 0; i < n; i++)
	{
		JEntry		entry = (JEntry) int32_at(children + i * sizeof(JEntry));
		Size		to = JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) : from + JBE_OFFLENFLD(entry);

		if (to < from || to > size || !child_is_sound(entry, data, from, to, i < keys))
			return false;
		from = to;
	}
	return true;
}

/* An object or array, and all that is in it.  Nothing bounds the depth but the stack. */
static bool
container_is_sound(const char *data, Size size, bool root)
{
	uint32		header;
	Size		count;
	Size		n;

	if (size < sizeof(header) || stack_is_too_deep())
		return false;
	header = (uint32) int32_at(data);
	count = header & JB_CMASK;
	n = header & JB_FOBJECT ? 2 * count : count;
	switch (header & ~JB_CMASK)
	{
		case JB_FOBJECT:
		case JB_FARRAY:
			break;
		case JB_FARRAY | JB_FSCALAR:
			if (!root || count != 1 || size < sizeof(header) + sizeof(JEntry) ||
				JBE_ISCONTAINER((JEntry) int32_at(data + sizeof(header))))
				return false;
			break;
		default:
			return false;
	}
	size -= sizeof(header);
	data += sizeof(header);
	return n <= size / sizeof(JEntry) &&
		children_are_sound(data, n, header & JB_FOBJECT ? count : 0,
						   data + n * sizeof(JEntry), size - n * sizeof(JEntry));
}

/*
 * All of them
 */

/* Such as date_in() makes. */
static bool
date_is_sound(DateADT date)
{
	return DATE_NOT_FINITE(date) || IS_VALID_DATE(date);
}

/* Such as timestamp_in() makes. */
static bool
timestamp_is_sound(Timestamp at)
{
	return TIMESTAMP_NOT_FINITE(at) || IS_VALID_TIMESTAMP(at);
}

/* Within a day, its end included. */
static bool
time_is_sound(TimeADT at)
{
	return at >= 0 && at <= USECS_PER_DAY;
}

/* Of a type of some length; size is that length. */
static bool
fixed_is_sound(Oid type, const char *data, Size size)
{
	switch (type)
	{
		case DATEOID:
			return date_is_sound(int32_at(data));
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return timestamp_is_sound(int64_at(data));
		case TIMEOID:
			return time_is_sound(int64_at(data));
		case TIMETZOID:
			return time_is_sound(int64_at(data)) &&
				int32_at(data + sizeof(TimeADT)) > -TZDISP_LIMIT &&
				int32_at(data + sizeof(TimeADT)) < TZDISP_LIMIT;
		case NAMEOID:
			return strnlen(data, size) < size &&
				pg_verifymbstr(data, (int) strnlen(data, size), true);
		default:
			return true;
	}
}

/* Of a type whose values differ in size. */
static bool
varying_is_sound(Oid type, const char *data, Size size)
{
	switch (type)
	{
		case BYTEAOID:
			return true;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case XMLOID:
		case JSONOID:
		case REFCURSOROID:
			return pg_verifymbstr(data, (int) size, true);
		case NUMERICOID:
			return numeric_is_sound(data, size);
		case BITOID:
		case VARBITOID:
			return bits_are_sound(data, size);
		case INETOID:
		case CIDROID:
			return inet_is_sound(data, size);
		case PATHOID:
			return points_are_sound(data, size, 3 * sizeof(int32));
		case POLYGONOID:
			return points_are_sound(data, size, sizeof(int32) + 4 * sizeof(float8));
		case TSVECTOROID:
			return tsvector_is_sound(data, size);
		case JSONBOID:
			return container_is_sound(data, size, true);
		default:
			return range_is_sound(type, data, size);
	}
}

/* The same as below, of a type whose length is known. */
bool
pvext_is_sound_of_length(Oid type, int16 length, const char *data, Size size)
{
	if (!is_scalar(type))
		return pvext_has_image(type) && array_is_sound(get_element_type(type), data, size);
	if (length > 0)
		return size == (Size) length && fixed_is_sound(type, data, size);
	return varying_is_sound(type, data, size);
}

/*
 * Are these bytes, of a value without its header, such as the type's functions can be
 * given?  InvalidOid: they are a text.
 */
bool
pvext_is_sound(Oid type, const char *data, Size size)
{
	if (!OidIsValid(type))
		return pg_verifymbstr(data, (int) size, true);
	return pvext_is_sound_of_length(type, get_typlen(type), data, size);
}
