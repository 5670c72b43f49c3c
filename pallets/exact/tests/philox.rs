//! Philox against the vectors its authors publish.

use assay_exact::Philox;

#[test]
fn blocks_are_the_published_ones() {
    let zero = Philox::new([0; 8], 0, 0);
    assert_eq!(zero.block(0), [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]);
    let ones = Philox::new([0xFF; 8], u32::MAX, u32::MAX);
    assert_eq!(ones.block(u64::MAX), [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]);
    // Digits of π: key a4093822 299f31d0, counter 243f6a88 85a308d3 13198a2e 03707344.
    let key = [0x22, 0x38, 0x09, 0xA4, 0xD0, 0x31, 0x9F, 0x29];
    let pi = Philox::new(key, 0x1319_8A2E, 0x0370_7344);
    assert_eq!(pi.block(0x85A3_08D3_243F_6A88), [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]);
}

#[test]
fn words_are_taken_from_blocks_in_order() {
    let stream = Philox::new([1, 2, 3, 4, 5, 6, 7, 8], 3, 4);
    for i in 0..40u64 {
        assert_eq!(stream.word(i), stream.block(i / 4)[(i % 4) as usize]);
    }
    assert_eq!(stream.draw(5), u64::from(stream.word(20)) + (u64::from(stream.word(21)) << 32));
}

#[test]
fn floats_are_uniform_and_inside_their_bound() {
    let stream = Philox::new([5; 8], 0, 0);
    let values: Vec<f32> = (0..100_000).map(|i| stream.symmetric(i, 3.0)).collect();
    assert!(values.iter().all(|x| (-3.0..3.0).contains(x)));
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / 1e5;
    let square = values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / 1e5;
    assert!(mean.abs() < 0.02 && (square - 3.0).abs() < 0.05, "mean {mean}, square {square}");
}
