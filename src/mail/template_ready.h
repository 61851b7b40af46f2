/*
 * mail/template_ready - a message that is ready, with its parts, as a template
 *
 * Its header is a template (mail/template), and so is each text in it that has a column: such a text is decoded and put into UTF-8 when
 * the message is read (quoted-printable may cut {{na= from me}}), and each row's is encoded anew, as quoted-printable; its
 * Content-Type keeps its other parameters. All else stays, octet by octet, and is not copied for a row: files that are attached, texts
 * without a column, and what is signed or encrypted.
 *
 * Use: if (template_is_ready(slice)) then struct template_ready *t; template_ready_read(&t, arena, slice, column, columns, f) once; for
 * each row template_ready_render(t, &message, arena, cell, f), where the message is all zero, and then as if it had been read.
 *
 * Owns: nothing; all in the arenas; a message what it holds. What was read must live as long as its messages do.
 * Bounds: those of mail/parts, mail/template and mail/message. Errors: AT_INPUT EX_DATAERR: where the parts cannot be told apart; those
 * of mail/template, line and column counted in the text of that part. Threads: as mail/template.
 * Source: RFC 2045, RFC 2046 5.1.
 */
#ifndef MAIL_TEMPLATE_READY_H
#define MAIL_TEMPLATE_READY_H

#include "mail/message.h"

struct template_ready;

/* It is a multipart, or a text that is encoded. */
bool template_is_ready(struct slice text);
MUST_CHECK int template_ready_read(struct template_ready **out, struct arena *in, struct slice text, const struct slice *column, size_t columns,
				   struct failure *f);
MUST_CHECK int template_ready_render(const struct template_ready *t, struct message *m, struct arena *in, const struct slice *cell,
				     struct failure *f);

#endif
