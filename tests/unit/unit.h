/* What every unit includes first: cmocka, with its fail() out of the way of base/failure's. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those four */
#include <cmocka.h>

#undef fail

#define ROWS(table) (sizeof(table) / sizeof *(table))

#endif
