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

#undef unorm2_getNFCInstance
static inline const UNormalizer2 *unorm2_getNFCInstance(UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFCInstance)(code);
}
#undef unorm2_getNFDInstance
static inline const UNormalizer2 *unorm2_getNFDInstance(UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFDInstance)(code);
}
#undef unorm2_getNFKCInstance
static inline const UNormalizer2 *unorm2_getNFKCInstance(UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFKCInstance)(code);
}
#undef unorm2_getNFKDInstance
static inline const UNormalizer2 *unorm2_getNFKDInstance(UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFKDInstance)(code);
}
#undef unorm2_normalize
static inline int32_t unorm2_normalize(const UNormalizer2 *form, const UChar *source, int32_t count,
                                       UChar *target, int32_t capacity, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_normalize)(form, source, count, target, capacity, code);
}

#undef uregex_open
static inline URegularExpression *uregex_open(const UChar *pattern, int32_t count, uint32_t flags,
                                              UParseError *where, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(uregex_open)(pattern, count, flags, where, code);
}
#undef uregex_clone
static inline URegularExpression *uregex_clone(const URegularExpression *regex, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(uregex_clone)(regex, code);
}
#undef uregex_close
static inline void uregex_close(URegularExpression *regex) {
  U_ICU_ENTRY_POINT_RENAME(uregex_close)(regex);
}
#undef uregex_setStackLimit
static inline void uregex_setStackLimit(URegularExpression *regex, int32_t limit,
                                        UErrorCode *code) {
  U_ICU_ENTRY_POINT_RENAME(uregex_setStackLimit)(regex, limit, code);
}
#undef uregex_setText
static inline void uregex_setText(URegularExpression *regex, const UChar *text, int32_t count,
                                  UErrorCode *code) {
  U_ICU_ENTRY_POINT_RENAME(uregex_setText)(regex, text, count, code);
}
#undef uregex_findNext
static inline int uregex_findNext(URegularExpression *regex, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(uregex_findNext)(regex, code);
}
#undef uregex_start
static inline int32_t uregex_start(URegularExpression *regex, int32_t group, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(uregex_start)(regex, group, code);
}
#undef uregex_end
static inline int32_t uregex_end(URegularExpression *regex, int32_t group, UErrorCode *code) {
  return U_ICU_ENTRY_POINT_RENAME(uregex_end)(regex, group, code);
}
