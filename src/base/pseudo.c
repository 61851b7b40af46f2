#define _GNU_SOURCE /* fstatfs */
#include "base/pseudo.h"

#ifdef __linux__

#include <stddef.h>
#include <sys/vfs.h>

bool pseudo_is(int fd)
{
	/* The types of such file systems, as statfs(2) gives them. */
	static const unsigned long kinds[] = {
		0x9fa0,	    /* proc */
		0x62656572, /* sysfs */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x73636673, /* securityfs */
		0x62656570, /* configfs */
		0x0027e0eb, /* cgroup */
		0x63677270, /* cgroup2 */
		0xcafe4a11, /* bpf */
		0xf97cff8c, /* selinuxfs */
		0x43415d53, /* smackfs */
		0x5a3c69f0, /* apparmorfs */
		0xde5e81e4, /* efivarfs */
		0x6165676c, /* pstore */
		0x42494e4d, /* binfmt_misc */
		0x19800202, /* mqueue */
		0x65735543, /* fusectl */
		0x6e736673, /* nsfs */
		0x67596969, /* rpc_pipefs */
		0x6e667364, /* nfsd */
	};
	struct statfs s;

	if (fstatfs(fd, &s) < 0)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (((unsigned long)s.f_type & 0xffffffffUL) == kinds[i])
			return true;
	return false;
}

#else

bool pseudo_is(int fd)
{
	(void)fd;
	return false;
}

#endif
