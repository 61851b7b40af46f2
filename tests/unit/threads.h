/* Threads that each do the same, at the same time. The includer has cmocka (unit.h). */
#ifndef UNIT_THREADS_H
#define UNIT_THREADS_H

#include <pthread.h>

enum { THREADS_MOST = 16 };

/* Each thread gets its number, a size_t, and returns NULL unless something is wrong. */
static inline void run_threads(size_t threads, void *(*turn)(void *number))
{
	pthread_t thread[THREADS_MOST];
	size_t number[THREADS_MOST];

	assert_true(threads <= THREADS_MOST);
	for (size_t i = 0; i < threads; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, turn, &number[i]), 0);
	}
	for (size_t i = 0; i < threads; i++) {
		void *wrong;

		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
}

#endif
