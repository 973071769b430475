//! Curvature: exact Hessian blocks, the Gauss-Newton matrix and its Kronecker factors.
