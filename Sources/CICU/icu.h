// ICU's functions are macros that append the library's version; Swift cannot import such macros.
// Each shim undefines the macro and gives the function back under ICU's own name, whatever the version.
#pragma once
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>
#include <unicode/utypes.h>
#include <unicode/uversion.h>

static inline int icu_failed(UErrorCode code) { return U_FAILURE(code); }
static inline const char *icu_errorName(UErrorCode code) { return u_errorName(code); }
