/*
 * intake/feed - files that hold mail, to one job after the other
 *
 * A path names a mailbox file, a Maildir, a folder of .eml files, one message, or a file of SMTP commands (BSMTP). A folder that has
 * the folders new and cur is a Maildir; where a folder has a file mbox, as Apple Mail exports one, that file is read; of any other
 * folder its .eml files are. What a file is, its first line tells (feed_kind_of), and not its name. "-" is standard input. Standard
 * input, and whatever else is no regular file, is first read to its end into a file without a name ($TMPDIR): only so can its messages
 * be counted, and a Content-Length be tried. The recipients of a message are those that it names, as with -t; BSMTP has an envelope.
 * Fields that are notes of the program whose mailbox it is (mbox_is_note) are left out, but for BSMTP, which is mail on its way.
 *
 * Use: feed_open(&feed, path, &request, &intake, f); while ((rc = feed_next(&feed, &item, f)) != 0) ...; receiver_free(item.job) when
 * its verdict is told; feed_rewind(&feed, f) to begin anew; feed_close(&feed). The struct stays where it is: parts of it point into it.
 * Owns: the descriptors and memory that it reads with; an item's job is the caller's. Bounds: one message at a time; memory depends
 * neither on the number of messages nor on their size. A mailbox file has the size that it had at feed_open, also after feed_rewind.
 * Errors: -1 and *f AT_INPUT: from feed_open: EX_NOINPUT, it cannot be opened or is a device; EX_DATAERR, the file is none of these. From feed_next: this message cannot be
 * sent; feed.at says which it is, and so do the first words of *f; the next call returns the message after it. Threads: one.
 * Source: RFC 4155, RFC 5322, RFC 5321; maildir(5).
 */
#ifndef INTAKE_FEED_H
#define INTAKE_FEED_H

#include "intake/feed_bsmtp.h"
#include "intake/feed_eml.h"
#include "intake/feed_maildir.h"
#include "intake/feed_mbox.h"

enum feed_kind { FEED_OTHER, FEED_EMPTY, FEED_MBOX, FEED_MESSAGE, FEED_BSMTP, FEED_MAILDIR, FEED_FOLDER };

struct feed_item {
	struct job *job; /* own */
	const char *key; /* by which a later run knows it again (intake/feed_key); in the job's arena */
};

struct feed_place {
	char file[4096 + LISTING_NAME]; /* the path of the file that holds the message */
	uint64_t number;		/* of the message in the file or folder, from 1 */
	uint64_t line;			/* in which it begins; of BSMTP the last line that was read; 0: not known, or it is the file */
	bool outside;			/* a command of a BSMTP file, outside of the messages: `number` is that of the message before */
};

struct feed {
	enum feed_kind kind;
	const char *path; /* borrowed */
	const char *inside; /* the file in the folder of that path that is read instead, or NULL */
	int fd;		  /* own: the file, or the folder */
	struct feed_mbox mbox;
	struct feed_maildir maildir;
	struct feed_eml eml;
	struct feed_bsmtp bsmtp;
	uint64_t counted, lines; /* octets of the BSMTP file in which lines were counted, and how many */
	struct request asked;
	struct intake *intake; /* borrowed */
	struct feed_id id;     /* whoever opened the feed may set its ledger */
	bool copied;	       /* the file was read into one without a name: it can be rewound, but not opened again */
	bool over;	       /* nothing more is read */
	struct feed_place at;  /* of the message that feed_next returned last, or failed at */
};

MUST_CHECK int feed_open(struct feed *feed, const char *path, const struct request *asked, struct intake *n, struct failure *f);
/* 1: *item is the next mail; 0: there is no other. */
MUST_CHECK int feed_next(struct feed *feed, struct feed_item *item, struct failure *f);
/* Counts the messages, also those that cannot be sent. 1: *count is their number; 0: it is not known (BSMTP). */
MUST_CHECK int feed_count(const struct feed *feed, uint64_t *count, struct failure *f);
/* Begins anew with the first message. Files that came into a folder after feed_open still are left for the next run. */
MUST_CHECK int feed_rewind(struct feed *feed, struct failure *f);
void feed_close(struct feed *feed);
/* Puts in front of a failure which message it was that feed_next returned last; -1. */
int feed_in_place(const struct feed *feed, struct failure *f);
/* Tells what a file is from its first octets. Its first line that is not empty begins a message of a mailbox (mail/mbox): FEED_MBOX;
 * it is one of the commands HELO, EHLO, MAIL FROM:, RSET and NOOP: FEED_BSMTP; it is a header field: FEED_MESSAGE. There is no such
 * line: FEED_EMPTY. All else is FEED_OTHER. */
enum feed_kind feed_kind_of(struct slice head);

#endif
