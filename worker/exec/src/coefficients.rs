//! The coefficients of the contract's functions, as bit patterns, for kernels that compute several at once.

pub(crate) const LOG2_E: u32 = 0x3FB8_AA3B;
pub(crate) const LN2_HIGH: u32 = 0x3F31_8000;
pub(crate) const LN2_LOW: u32 = 0xB95E_8083;
pub(crate) const ERFC_STEP: u32 = 0x3EA0_0000;
pub(crate) const SIGN: u32 = 0x8000_0000;
pub(crate) const EXP: [u32; 5] = [0x3EFF_FFFE, 0x3E2A_AA48, 0x3D2A_AC7A, 0x3C09_1D35, 0x3AB5_11B4];
pub(crate) const ERFC: [u32; 8] =
    [0x3DFF_50B0, 0x3DFF_B47A, 0x3DE1_2E34, 0x3DD6_153C, 0xBB42_7FC2, 0x3E0E_1550, 0xBE0A_2744, 0x3D0F_DEB2];
pub(crate) const TANH: [u32; 5] = [0xBEAA_AAAA, 0x3E08_87E1, 0xBD5C_C9A7, 0x3CAE_404A, 0xBBD6_3828];
