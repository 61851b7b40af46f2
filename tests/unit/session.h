/* A session in the place of wire/session's, for who tries the engine without a relay: what stands here needs nothing but
 * the members caps and past of the includer's struct session, and EXPECT(condition). What the relay says, and how, is the
 * includer's: session_write, session_reply, session_written, session_is_over, session_is_ahead, session_has_more. */
#ifndef UNIT_SESSION_H
#define UNIT_SESSION_H

const struct caps *session_caps(const struct session *s)
{
	return &s->caps;
}

const char *session_relay(const struct session *s)
{
	static const char relay[272] = "relay.test:25"; /* as long as struct failure has room for */

	(void)s;
	return relay;
}

void session_name(const struct session *s, struct failure *f)
{
	(void)s;
	snprintf(f->relay, sizeof f->relay, "relay.test:25");
}

struct past session_past(const struct session *s)
{
	return s->past;
}

void session_remember(struct session *s, struct past past)
{
	s->past = past;
}

void session_forgo(struct session *s, unsigned offers)
{
	caps_forgo(&s->caps, offers);
}

void session_show(const struct session *s, struct slice line)
{
	(void)s;
	EXPECT(line.len >= 1 && !slice_has_control(slice_trim(line)));
}

void session_grace(struct session *s, unsigned ms)
{
	(void)s;
	(void)ms;
}

bool session_wait(struct session *s, int64_t until)
{
	(void)s;
	(void)until;
	return false;
}

void session_pace(const struct session *s, uint64_t sent, uint64_t size)
{
	(void)s;
	EXPECT(sent <= size);
}

#endif
