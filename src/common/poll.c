/*
 * poll.c
 *		The hook through which core code notices a cancel.
 */
#include "common/core.h"

#include "miscadmin.h"

void
custseg_poll(void)
{
	CHECK_FOR_INTERRUPTS();
}
