#include <cblas.h>

// LAPACK's routines in OpenBLAS, which brings no header for them: the Cholesky factor of a symmetric matrix, and the
// inverse of what has that factor; columns follow one another.
void spotrf_(const char *triangle, const int *n, float *a, const int *stride, int *info);
void spotri_(const char *triangle, const int *n, float *a, const int *stride, int *info);
