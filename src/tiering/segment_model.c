/*
 * segment_model.c
 *		A segmentation as one value: making it and reading it (core).
 *
 * The value is one flat varlena, so that a table can store it and a lookup
 * needs no preparation:
 *
 *		+---------+---------+--------+----------+------------+------------+
 *		| varlena | version | breaks | reserved | classes    | number of  |
 *		| length  | 1 byte  | 1 byte | 2 bytes  | r, f, m    | segments   |
 *		+---------+---------+--------+----------+------------+------------+
 *		| end of each name, counted from the first byte of the names:     |
 *		| int32, first the segmentation's own name, then the segments     |
 *		+-----------------------------------------------------------------+
 *		| index of each cell's segment: int16, -1 for a hole              |
 *		+-----------------------------------------------------------------+
 *		| the bytes of the names, in the encoding of the database         |
 *		+-----------------------------------------------------------------+
 *
 * Cells are numbered with r slowest and m fastest; a measure that is not used
 * has 0 classes and does not multiply them. Equal models have equal bytes.
 *
 * Invariants, established by SegmentModelMake for every way in (rules, text,
 * binary): 1 to MAX_SEGMENT_CELLS cells, at most MAX_SEGMENTS segments with
 * distinct, non-empty names, every cell -1 or the index of a segment. Reading
 * trusts them and checks the version alone.
 */
#include "tiering/segment_model_data.h"

/* The parts behind the fixed header. */
static inline const int32 *
NameEnds(const SegmentModel *model)
{
	return model->data;
}

static inline const int16 *
Cells(const SegmentModel *model)
{
	return (const int16 *) (model->data + model->n_segments + 1);
}

static inline const char *
NameBytes(const SegmentModel *model)
{
	return (const char *) (Cells(model) + SegmentCellCount(model->classes));
}

static int
CompareNames(const void *a, const void *b)
{
	const SegmentName *x = (const SegmentName *) a;
	const SegmentName *y = (const SegmentName *) b;
	int			result = memcmp(x->bytes, y->bytes, Min(x->length, y->length));

	return result != 0 ? result : x->length - y->length;
}

/* A sentence about what is wrong with the parts, or NULL. */
static const char *
FindFault(const SegmentParts *parts)
{
	int64		n_cells = SegmentCellCount(parts->classes);
	SegmentName *sorted;
	const char *fault = NULL;

	for (int i = 0; i < parts->n_segments; i++)
		if (parts->segment[i].length < 1 ||
			parts->segment[i].length > MAX_SEGMENT_NAME)
			return psprintf("The name of segment %d has %d bytes; 1 to %d are allowed.",
							i, parts->segment[i].length, MAX_SEGMENT_NAME);

	for (int64 i = 0; i < n_cells; i++)
		if (parts->cells[i] < -1 || parts->cells[i] >= parts->n_segments)
			return psprintf("Cell " INT64_FORMAT " has segment %d, but there are %d segments, counted from 0.",
							i, parts->cells[i], parts->n_segments);

	if (parts->n_segments < 2)
		return NULL;
	sorted = palloc(parts->n_segments * sizeof(SegmentName));
	memcpy(sorted, parts->segment, parts->n_segments * sizeof(SegmentName));
	qsort(sorted, parts->n_segments, sizeof(SegmentName), CompareNames);
	for (int i = 1; i < parts->n_segments && fault == NULL; i++)
		if (CompareNames(&sorted[i - 1], &sorted[i]) == 0)
			fault = psprintf("Segment \"%.*s\" is named twice.",
							 sorted[i].length, sorted[i].bytes);
	pfree(sorted);
	return fault;
}

const char *
SegmentClassesFault(const int *classes, int *sqlstate)
{
	bool		used = false;

	for (int i = 0; i < N_MEASURES; i++)
	{
		if (classes[i] < 0 || classes[i] > MAX_MEASURE_CLASSES)
			return psprintf("The classes of %c are %d; 1 to %d are allowed.",
							SegmentMeasure[i], classes[i], MAX_MEASURE_CLASSES);
		used |= classes[i] > 0;
	}
	if (!used)
		return "No measure is used.";
	if (SegmentCellCount(classes) > MAX_SEGMENT_CELLS)
	{
		*sqlstate = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		return psprintf("The grid has " INT64_FORMAT " cells; at most %d are allowed.",
						SegmentCellCount(classes), MAX_SEGMENT_CELLS);
	}
	return NULL;
}

const char *
SegmentCountFault(int64 n_segments, int *sqlstate)
{
	if (n_segments < 0)
		return "The number of segments is negative.";
	if (n_segments <= MAX_SEGMENTS)
		return NULL;
	*sqlstate = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	return psprintf("There are " INT64_FORMAT " segments; at most %d are allowed.",
					n_segments, MAX_SEGMENTS);
}

SegmentModel *
SegmentModelMake(const SegmentParts *parts, const char **fault, int *sqlstate)
{
	int64		n_cells;
	Size		size;
	SegmentModel *model;
	int32	   *ends;
	char	   *bytes;
	int32		used = 0;

	*fault = SegmentClassesFault(parts->classes, sqlstate);
	if (*fault == NULL)
		*fault = SegmentCountFault(parts->n_segments, sqlstate);
	if (*fault == NULL && parts->name.length > MAX_SEGMENT_NAME)
		*fault = psprintf("The name has %d bytes; at most %d are allowed.",
						  parts->name.length, MAX_SEGMENT_NAME);
	if (*fault == NULL)
		*fault = FindFault(parts);
	if (*fault != NULL)
		return NULL;

	n_cells = SegmentCellCount(parts->classes);
	size = offsetof(SegmentModel, data) +
		(parts->n_segments + 1) * sizeof(int32) + n_cells * sizeof(int16) +
		parts->name.length;
	for (int i = 0; i < parts->n_segments; i++)
		size += parts->segment[i].length;

	model = (SegmentModel *) palloc0(size);
	SET_VARSIZE(model, size);
	model->version = SEGMENT_MODEL_VERSION;
	model->breaks = parts->breaks;
	memcpy(model->classes, parts->classes, sizeof(model->classes));
	model->n_segments = parts->n_segments;
	memcpy(unconstify(int16 *, Cells(model)), parts->cells, n_cells * sizeof(int16));
	ends = model->data;
	bytes = unconstify(char *, NameBytes(model));
	for (int i = -1; i < parts->n_segments; i++)
	{
		const SegmentName *name = i < 0 ? &parts->name : &parts->segment[i];

		memcpy(bytes + used, name->bytes, name->length);
		used += name->length;
		*ends++ = used;
	}
	return model;
}

const int32 *
SegmentModelClasses(const SegmentModel *model)
{
	return model->classes;
}

BreaksMethod
SegmentModelBreaks(const SegmentModel *model)
{
	return (BreaksMethod) model->breaks;
}

int
SegmentModelCount(const SegmentModel *model)
{
	return model->n_segments;
}

const char *
SegmentModelName(const SegmentModel *model, int *length)
{
	*length = NameEnds(model)[0];
	return NameBytes(model);
}

const char *
SegmentModelSegment(const SegmentModel *model, int index, int *length)
{
	const int32 *ends = NameEnds(model);

	Assert(index >= 0 && index < model->n_segments);
	*length = ends[index + 1] - ends[index];
	return NameBytes(model) + ends[index];
}

int64
SegmentModelCells(const SegmentModel *model, const int16 **cells)
{
	*cells = Cells(model);
	return SegmentCellCount(model->classes);
}

static void
RefuseScore(const SegmentModel *model, int measure, int score)
{
	int			length;
	const char *name = SegmentModelName(model, &length);
	int			classes = model->classes[measure];

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%c = %d is outside 1..%d of segmentation \"%.*s\"",
					SegmentMeasure[measure], score, classes, length, name),
			 errhint("Score %c with %d classes, or use a segmentation made for your number of classes.",
					 SegmentMeasure[measure], classes)));
}

int
SegmentModelLookup(const SegmentModel *model, int r, int f, int m)
{
	const int32 *classes = model->classes;
	int			cell = 0;

	/* Unrolled by hand: this runs once per customer. */
	if (classes[0] > 0)
	{
		if (unlikely(r < 1 || r > classes[0]))
			RefuseScore(model, 0, r);
		cell = r - 1;
	}
	if (classes[1] > 0)
	{
		if (unlikely(f < 1 || f > classes[1]))
			RefuseScore(model, 1, f);
		cell = cell * classes[1] + f - 1;
	}
	if (classes[2] > 0)
	{
		if (unlikely(m < 1 || m > classes[2]))
			RefuseScore(model, 2, m);
		cell = cell * classes[2] + m - 1;
	}
	return Cells(model)[cell];
}
